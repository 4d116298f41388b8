import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Failure } from "../failure.ts";
import type { DatabaseLogin, EmulatedPlatform, FaultRequest, ToolResult } from "./emulated-platform.ts";
import type { CommandLine } from "./hand-over.ts";
import { encodeFrame, FRAME, frameReader } from "./wire.ts";

export type DaemonRequest = { readonly token: string } & (
  | ({ readonly operation: "tool" } & CommandLine)
  | { readonly operation: "status" }
  | { readonly operation: "fault"; readonly request: FaultRequest }
  | { readonly operation: "database-login"; readonly user: string }
  | { readonly operation: "stop" }
);

/** One run of an emulated executable, a line of `calls.jsonl`. */
export interface LoggedCall {
  readonly at: string;
  readonly tool: string;
  readonly argv: readonly string[];
  /** `null` when the caller went away before an answer. */
  readonly exit: number | null;
  readonly ms: number;
}

export interface DaemonServerOptions {
  readonly token: string;
  readonly platforms: readonly EmulatedPlatform[];
  /** Every call is appended here before it is answered; `null` keeps no log. */
  readonly callLog: string | null;
  readonly onStop: () => void;
}

/** The daemon's loopback port: runs emulated executables and takes orders, both only with the token. */
export class DaemonServer {
  readonly #options: DaemonServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: DaemonServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(options: DaemonServerOptions): Promise<DaemonServer> {
    const daemon = new DaemonServer(options);
    daemon.#server.listen(0, "127.0.0.1");
    await once(daemon.#server, "listening");
    return daemon;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const gone = new AbortController();
    socket.setNoDelay(true);
    socket.on("error", () => gone.abort());
    socket.on("close", () => {
      gone.abort();
      this.#sockets.delete(socket);
    });
    socket.on(
      "data",
      frameReader((type, payload) => {
        if (type !== FRAME.request) {
          socket.destroy();
          return;
        }
        this.#handle(socket, payload, gone.signal).catch((error: unknown) => {
          const { message, hint } = describe(error);
          socket.end(encodeFrame(FRAME.problem, JSON.stringify({ message, hint })));
        });
      }),
    );
  }

  async #handle(socket: Socket, payload: Buffer, gone: AbortSignal): Promise<void> {
    const request: DaemonRequest = JSON.parse(payload.toString());
    if (!this.#knows(request.token)) {
      socket.destroy();
      return;
    }
    switch (request.operation) {
      case "tool":
        return this.#runTool(socket, request, gone);
      case "status":
        return answer(socket, {
          clusters: this.#options.platforms.map((platform) => ({
            name: platform.cluster,
            platform: platform.platform,
            status: platform.status(),
          })),
        });
      case "fault":
        return answer(socket, await this.#fault(request.request));
      case "database-login":
        return answer(socket, await this.#databaseLogin(request.user));
      case "stop":
        answer(socket, { pid: process.pid });
        this.#options.onStop();
    }
  }

  async #runTool(
    socket: Socket,
    request: Extract<DaemonRequest, { operation: "tool" }>,
    gone: AbortSignal,
  ): Promise<void> {
    const at = new Date();
    const platform = this.#options.platforms.find(({ tools, clients = [] }) =>
      [...tools, ...clients].includes(request.tool),
    );
    let result: ToolResult | null = null;
    try {
      result = (await platform?.run?.({ ...request, signal: gone })) ?? {
        exit: 127,
        stdout: "",
        stderr: `${request.tool}: not part of this sandbox\n`,
      };
    } catch (error) {
      if (!gone.aborted) {
        result = { exit: 1, stdout: "", stderr: `ERROR: the sandbox failed: ${describe(error).message}\n` };
      }
    }
    this.#log({
      at: at.toISOString(),
      tool: request.tool,
      argv: request.argv,
      exit: result?.exit ?? null,
      ms: Date.now() - at.getTime(),
    });
    if (result !== null) await send(socket, result);
  }

  async #fault(request: FaultRequest): Promise<readonly string[]> {
    const { platforms } = this.#options;
    const addressed = platforms.filter((platform) => platform.targets().includes(request.target));
    // A target that nobody lists (a host UUID, a typing error) goes to the first, which knows what to say.
    return Promise.all(
      (addressed.length > 0 ? addressed : platforms.slice(0, 1)).map((one) => one.fault(request)),
    );
  }

  async #databaseLogin(user: string): Promise<DatabaseLogin> {
    const login = await this.#options.platforms
      .find((platform) => platform.databaseLogin !== undefined)
      ?.databaseLogin?.(user);
    if (login === undefined) throw new Failure("usage", "This sandbox has no Database Service.");
    return login;
  }

  #log(call: LoggedCall): void {
    if (this.#options.callLog === null) return;
    try {
      appendFileSync(this.#options.callLog, `${JSON.stringify(call)}\n`);
    } catch {
      // The folder is gone: the daemon is about to notice and end.
    }
  }

  #knows(token: unknown): boolean {
    const given = Buffer.from(String(token));
    const expected = Buffer.from(this.#options.token);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

async function send(socket: Socket, { exit, warnings = "", stdout, stderr }: ToolResult): Promise<void> {
  if (warnings !== "") socket.write(encodeFrame(FRAME.stderr, warnings));
  const pieces = typeof stdout === "string" || stdout instanceof Uint8Array ? [stdout] : batched(stdout);
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    if (!socket.write(encodeFrame(FRAME.stdout, piece))) await drained(socket);
    if (socket.destroyed) return;
  }
  if (stderr !== "") socket.write(encodeFrame(FRAME.stderr, stderr));
  socket.end(encodeFrame(FRAME.exit, String(exit)));
}

/** Small pieces joined, so that a listing of ten thousand nodes is not ten thousand writes. */
function* batched(pieces: Iterable<string>): Iterable<string> {
  let batch: string[] = [];
  let size = 0;
  for (const piece of pieces) {
    batch.push(piece);
    size += piece.length;
    if (size < 65_536) continue;
    yield batch.join("");
    batch = [];
    size = 0;
  }
  yield batch.join("");
}

async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once("drain", resolve);
    socket.once("close", () => resolve());
  });
}

function answer(socket: Socket, value: unknown): void {
  socket.end(encodeFrame(FRAME.answer, JSON.stringify(value)));
}

function describe(error: unknown): { readonly message: string; readonly hint: string | null } {
  if (error instanceof Failure) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error), hint: null };
}
