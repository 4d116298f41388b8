import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type Address, formatAddress } from "../resources/model/trust-consumer.ts";
import { describeError, excerpt, ProbeEnd, type UnnamedResult } from "./result.ts";

/** What a probe is doing, for the message when its time is up. `signal` ends it, and destroys its sockets. */
export interface Attempt {
  readonly signal: AbortSignal;
  doing: string;
  /** What is certain already, and stays so when the time is up before the rest is seen. */
  soFar: UnnamedResult | null;
}

/** Connects, until the attempt is aborted. Throws a ProbeEnd, `unreachable`, that names the address. */
export async function openConnection(address: Address, attempt: Attempt): Promise<Socket> {
  attempt.doing = `connecting to ${formatAddress(address)}`;
  const socket = connect({ ...address, signal: attempt.signal });
  // Whoever waits on the socket hears of its errors; nobody listening must not end the process.
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) =>
      reject(new ProbeEnd("unreachable", `${formatAddress(address)}: ${describeError(firstOf(error))}`)),
    );
  });
  return socket;
}

/** A host name with several addresses fails with all their errors at once. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : error;
}

/**
 * Reads until `isWhole` says so, and leaves the socket paused with nothing lost: all that came is returned.
 * The other side closing first, or sending more than `limit`, ends the probe.
 */
export async function readUntil(
  socket: Socket,
  isWhole: (bytes: Buffer) => boolean,
  limit: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const settle = (action: () => void): void => {
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).pause();
      action();
    };
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      if (isWhole(bytes)) settle(() => resolve(bytes));
      else if (bytes.length > limit) {
        settle(() => reject(new ProbeEnd("unknown", `answered something else: ${excerpt(bytes)}`)));
      }
    };
    const onEnd = (): void =>
      settle(() =>
        reject(
          bytes.length === 0
            ? new ProbeEnd("unreachable", "closed the connection without an answer")
            : new ProbeEnd("unknown", `closed the connection after ${excerpt(bytes)}`),
        ),
      );
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).resume();
  });
}

/** A socket as TLS wants it, with an ear on what the server sends. */
export class TappedSocket extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket, hear: (chunk: Buffer) => void) {
    super();
    this.#socket = socket;
    socket
      .on("data", (chunk: Buffer) => {
        hear(chunk);
        if (!this.push(chunk)) socket.pause();
      })
      .on("end", () => this.push(null))
      .on("error", (error) => this.destroy(error))
      .on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
