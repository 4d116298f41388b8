import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the server treats whoever asks. */
type Mood = "well" | "no-anonymous" | "read-only" | "cuts" | "slow";

/**
 * What becomes of a request in the middle of a run: it does not arrive, half of it does, it has its effect and no answer,
 * or half of one. Or from then on whatever reads is answered by the replica.
 */
export type Mishap = "unheard" | "half-heard" | "unanswered" | "half-answered" | "old-replica";

/** git's own server (`git http-backend`) on the loopback, over HTTP as forges speak it, in several moods. */
export class GitServer {
  mood: Mood = "well";
  /** What came in since it was set to 0. */
  requests = 0;
  /** What becomes of the request of this number; of all that read from there on, where a replica answers. */
  mishap: { readonly of: number; readonly kind: Mishap } | null = null;
  /** A folder with the repositories as they were some time ago: what reads is answered from there. */
  replica: string | null = null;
  /** The request to which a mishap happened, as METHOD PATH. */
  wentWrong: string | null = null;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  /** Serves the repositories of a folder. */
  static async start(folder: string): Promise<GitServer> {
    const server = new GitServer(folder);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    const writes = `${url.pathname}${url.search}`.includes("git-receive-pack");
    if (this.mood === "no-anonymous") {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    if (this.mood === "read-only" && writes) {
      response.writeHead(403).end("Write access to repository not granted.\n");
      return;
    }
    // Begins to answer, and says no more.
    if (this.mood === "slow") {
      response
        .writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" })
        .write("001e");
      return;
    }
    this.requests += 1;
    const mishap = this.mishap?.of === this.requests ? this.mishap.kind : null;
    if (mishap !== null) this.wentWrong = `${request.method} ${url.pathname}`;
    if (mishap === "unheard") {
      response.destroy();
      return;
    }
    const isBehind = this.mishap?.kind === "old-replica" && this.requests >= this.mishap.of && !writes;
    const backend = spawn("git", ["http-backend"], {
      // git starts it as a process of its own: they end together.
      detached: true,
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: isBehind ? (this.replica ?? this.#folder) : this.#folder,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        REMOTE_USER: "capstan",
        REMOTE_ADDR: "127.0.0.1",
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        CONTENT_LENGTH: request.headers["content-length"] ?? "",
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      },
    });
    backend.stdin.on("error", () => {});
    if (mishap === "half-heard")
      void firstHalf(request).then((half) => {
        // As a web server does whose caller is gone: by itself it waits for the rest, at full speed.
        backend.stdin.end(half, () => {
          if (backend.pid !== undefined && backend.exitCode === null) process.kill(-backend.pid, "SIGKILL");
        });
      });
    else request.pipe(backend.stdin);
    const chunks: Buffer[] = [];
    backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    backend.on("close", () => {
      if (mishap === "unanswered" || mishap === "half-heard") response.destroy();
      else this.#answer(Buffer.concat(chunks), response, this.mood === "cuts" || mishap === "half-answered");
    });
  }

  /** The head that a CGI program prints, and its body. */
  #answer(printed: Buffer, response: ServerResponse, isCut: boolean): void {
    const end = printed.indexOf("\r\n\r\n");
    const lines = printed.toString("latin1", 0, end).split("\r\n");
    let status = 200;
    for (const line of lines) {
      const [name = "", value = ""] = line.split(/:\s*/, 2);
      if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    const body = printed.subarray(end + 4);
    if (!isCut) {
      response.writeHead(status).end(body);
      return;
    }
    response.writeHead(status, { "content-length": body.length });
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  }
}

async function firstHalf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  return whole.subarray(0, whole.length / 2);
}
