import type { X509Certificate } from "node:crypto";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { encodeFrame, FRAME, frameReader } from "../wire.ts";
import { quote, verifyCertificate } from "./go-verify.ts";
import { type Routes, route } from "./network.ts";
import { remembered } from "./remembered.ts";
import { type Preface, type Refusal, RpcError, type RpcReply, type RpcRequest } from "./rpc.ts";

interface ClientIdentity {
  readonly cert?: string;
  readonly key?: string;
}

export interface DialOptions {
  readonly routes: Routes;
  readonly address: string;
  readonly port: number;
  /** Trusted CAs. Their certificates are checked with Go's rules, so OpenSSL's verdict is not asked for. */
  readonly roots: readonly X509Certificate[];
  readonly identity?: ClientIdentity;
  /** The client's clock. */
  readonly now: number;
  readonly timeoutMs?: number;
}

/** grpc-go tries a connection for 20 s. */
const DIAL_TIMEOUT_MS = 20_000;

/** One mutual TLS connection. It stays usable when the server's trust changes: only new connections notice. */
export class RpcConnection {
  readonly #socket: TLSSocket;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("close", () => this.#fail());
  }

  get usable(): boolean {
    return !this.#ended;
  }

  receive(payload: Buffer): void {
    const reply = JSON.parse(payload.toString()) as RpcReply;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("error" in reply) waiting?.reject(new RpcError(reply.error.code, reply.error.desc));
    else waiting?.resolve({ result: reply.result, truncate: reply.truncate === true });
  }

  call(method: string, params: unknown, metadata: RpcMetadata = {}): Promise<RpcAnswer> {
    if (this.#ended) return Promise.reject(new RpcError("Unavailable", "error reading from server: EOF"));
    const request: RpcRequest = { id: ++this.#lastId, method, params, ...metadata };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      this.#socket.write(encodeFrame(FRAME.request, JSON.stringify(request)));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values()) {
      reject(new RpcError("Unavailable", "error reading from server: EOF"));
    }
    this.#waiting.clear();
  }
}

export type RpcMetadata = Pick<RpcRequest, "node" | "roles" | "proxyfrom">;

export interface RpcAnswer {
  readonly result: unknown;
  /** A fault: the output of this call is to be cut off. */
  readonly truncate: boolean;
}

interface Waiting {
  readonly resolve: (answer: RpcAnswer) => void;
  readonly reject: (error: RpcError) => void;
}

/**
 * A connection is made for each call, and with every key that OpenSSL offers by itself a fifth of it is spent on one that
 * withstands quantum computers.
 */
const contextOf = remembered((identity) =>
  createSecureContext({ ...JSON.parse(identity), minVersion: "TLSv1.2", ecdhCurve: "X25519" }),
);

/** What a client brings to a connection: its certificate, in labels that OpenSSL knows, or none. */
export function clientContext(identity: ClientIdentity = {}): SecureContext {
  return contextOf(JSON.stringify(identity));
}

/** Connects, verifies the server, and waits until the server has verified us. Fails as grpc-go does. */
export async function dial(options: DialOptions): Promise<RpcConnection> {
  const target = `${options.address}:${options.port}`;
  return await new Promise((resolve, reject) => {
    const socket = connect({
      ...route(options.routes, options.address, options.port),
      secureContext: clientContext(options.identity),
      rejectUnauthorized: false,
      // Go verifies an IP address against the certificate, but does not send it as a server name; so do we.
      checkServerIdentity: () => undefined,
    });
    const connection = new RpcConnection(socket);
    const failAs = (desc: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new RpcError("Unavailable", desc));
    };
    const fail = (desc: string): void => failAs(`connection error: desc = ${quote(desc)}`);
    const timer = setTimeout(
      () => fail(`transport: Error while dialing: dial tcp ${target}: i/o timeout`),
      options.timeoutMs ?? DIAL_TIMEOUT_MS,
    );
    let state: "connecting" | "handshaken" | "ready" = "connecting";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (state !== "ready") fail(dialProblem(error, target));
    });
    socket.on("end", () => {
      if (state === "handshaken") fail("error reading server preface: EOF");
      else if (state === "connecting") fail("transport: authentication handshake failed: EOF");
      else socket.destroy();
    });
    socket.on("secureConnect", () => {
      state = "handshaken";
      const certificate = socket.getPeerX509Certificate();
      const problem =
        certificate === undefined
          ? { text: "no certificate" }
          : verifyCertificate(certificate, {
              roots: options.roots,
              now: options.now,
              usage: "serverAuth",
              address: options.address,
            });
      if (problem !== null) {
        fail(
          `transport: authentication handshake failed: tls: failed to verify certificate: ${problem.text}`,
        );
      }
    });
    socket.on(
      "data",
      frameReader((type, payload) => {
        if (state === "ready") {
          connection.receive(payload);
          return;
        }
        // Something else than Talos listens there.
        if (type !== FRAME.preface) {
          fail("error reading server preface: http2: frame too large");
          return;
        }
        const preface = JSON.parse(payload.toString()) as Preface;
        if ("alert" in preface) {
          const own = `${socket.localAddress}:${socket.localPort}`;
          const text = refusalText(preface, own, target);
          if (text.startsWith("write")) failAs(text);
          else fail(text);
          return;
        }
        state = "ready";
        clearTimeout(timer);
        resolve(connection);
      }),
    );
  });
}

/** As recorded (fixtures/recordings/talos): the failed write comes without the words about the connection. */
function refusalText({ alert, seen }: Refusal, own: string, target: string): string {
  switch (seen) {
    case "alert":
      return `error reading server preface: remote error: tls: ${alert}`;
    case "EOF":
      return "error reading server preface: EOF";
    case "broken pipe":
    case "connection reset by peer":
      return `write tcp ${own}->${target}: write: ${seen}`;
  }
}

function dialProblem(error: NodeJS.ErrnoException, target: string): string {
  if (error.code === "ECONNREFUSED" || error.code === "EADDRNOTAVAIL") {
    return `transport: Error while dialing: dial tcp ${target}: connect: connection refused`;
  }
  if (error.code === "ECONNRESET")
    return `error reading server preface: read tcp ${target}: connection reset by peer`;
  return `transport: Error while dialing: dial tcp ${target}: ${error.message}`;
}
