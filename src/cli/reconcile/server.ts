import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Failure } from "../../failure.ts";
import { harmless } from "../../views/harmless.ts";
import type { Sample } from "../../views/metrics/metric-table.ts";
import { OPENMETRICS_TYPE, openmetricsText } from "../../views/metrics/openmetrics.ts";
import { isSignedHook, MOST_HOOK_BYTES } from "./hook-signature.ts";
import { isReady, type LoopStanding } from "./standing.ts";

/** What is told to whoever asks, and what asking may begin. */
export interface Served {
  standing(): LoopStanding;
  samples(): readonly Sample[];
  /** `null`: there is no hook. */
  readonly hookSecret: string | null;
  beginRound(): void;
}

/** Where somebody may ask. */
export interface ListeningServer {
  /** `http://127.0.0.1:9464`. */
  readonly url: string;
  close(): void;
}

const LOOPBACK = "127.0.0.1";

/** `HOST:PORT`, `[v6]:PORT`, or a port alone on loopback. Throws a `Failure` (`usage`). */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(?:\[(?<v6>[\da-fA-F:.]+)\]|(?<name>[\w.-]*)):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (match === null || port > 65535) {
    throw new Failure("usage", `--listen ${text} is no address`, {
      hint: "write HOST:PORT, or PORT for this machine alone",
    });
  }
  return { host: match.groups?.["v6"] ?? (match.groups?.["name"] || LOOPBACK), port };
}

/** Serves until it is closed. Throws a `Failure` where the address cannot be had. */
export async function serve(address: string, served: Served): Promise<ListeningServer> {
  const { host, port } = parseListen(address);
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 16_384 },
    (request, response) => {
      answer(request, response, served);
    },
  );
  // A scraper and a forge need few; nobody else should be able to fill the process.
  server.maxConnections = 64;
  await listening(server, host, port);
  const { address: bound, family, port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${bound}]` : bound}:${taken}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new Failure("usage", message, { hint: "nothing was begun; name another address", cause }));
    });
    server.listen({ host, port }, resolve);
  });
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

function answer(request: IncomingMessage, response: ServerResponse, served: Served): void {
  const reply = ({ status, text, type = "text/plain; charset=utf-8" }: Reply) => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
    response.end(request.method === "HEAD" ? undefined : text);
  };
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (path !== "/hook" || served.hookSecret === null) {
    reply(
      request.method === "GET" || request.method === "HEAD"
        ? told(path, served)
        : { status: 405, text: "GET it\n" },
    );
  } else if (request.method !== "POST") {
    reply({ status: 405, text: "POST it\n" });
  } else {
    void hook(request, served.hookSecret).then((status) => {
      // What is not read any more is not waited for.
      if (status === 413) response.setHeader("connection", "close");
      if (status === 202) served.beginRound();
      reply({ status, text: HOOK_ANSWERS[status] });
    });
  }
}

function told(path: string, served: Served): Reply {
  const standing = served.standing();
  switch (path) {
    case "/metrics":
      return { status: 200, text: openmetricsText(served.samples()), type: OPENMETRICS_TYPE };
    case "/healthz":
      return { status: 200, text: "alive\n" };
    case "/readyz":
      return { status: isReady(standing) ? 200 : 503, text: `${harmless(standing.message)}\n` };
    default:
      return { status: 404, text: "there is /metrics, /healthz and /readyz\n" };
  }
}

const HOOK_ANSWERS = {
  202: "a round begins\n",
  400: "the body did not come\n",
  401: "X-Hub-Signature-256 does not fit\n",
  413: "the body is larger than 1 MB\n",
} as const;

/** The content says nothing: what is to be done is read from git. */
async function hook(request: IncomingMessage, secret: string): Promise<keyof typeof HOOK_ANSWERS> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MOST_HOOK_BYTES) return 413;
      parts.push(part);
    }
  } catch {
    return 400;
  }
  const header = request.headers["x-hub-signature-256"];
  return isSignedHook(Buffer.concat(parts), typeof header === "string" ? header : undefined, secret)
    ? 202
    : 401;
}
