import { constants, type X509Certificate } from "node:crypto";
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { encodeFrame, FRAME, frameReader } from "../wire.ts";
import { closeServer, type Network } from "./network.ts";
import { Queue } from "./pace.ts";
import { type Refusal, RpcError, type RpcReply, type RpcRequest } from "./rpc.ts";

export interface ServerIdentity {
  /** PEM, with labels that OpenSSL knows. */
  readonly cert: string;
  readonly key: string;
}

export interface RpcService<Caller> {
  readonly address: string;
  readonly port: number;
  /** trustd asks for no certificate, apid does. */
  readonly asksForCertificate: boolean;
  /** Runs once per connection, with what is trusted at that moment. */
  admit(certificate: X509Certificate | undefined): Caller | Refusal;
  handle(request: RpcRequest, caller: Caller): Promise<unknown>;
}

/** Answered instead of a result by a service that a fault makes break the connection. */
export const HANG_UP = Symbol("hang up");
/** A result whose output the executable is to cut off. */
export class Truncated {
  readonly result: unknown;

  constructor(result: unknown) {
    this.result = result;
  }
}

/** A TLS listener whose certificate and trust change without a restart; open connections keep what they have. */
export class RpcServer<Caller> {
  readonly #service: RpcService<Caller>;
  readonly #network: Network;
  readonly #sockets = new Set<Socket>();
  readonly #queue = new Queue();
  #tls: TlsServer | null = null;
  #tcp: TcpServer | null = null;
  /** Takes connections and never answers, like a machine behind a firewall. */
  mute = false;

  constructor(network: Network, service: RpcService<Caller>) {
    this.#network = network;
    this.#service = service;
  }

  get isOpen(): boolean {
    return this.#tcp !== null;
  }

  async open(identity: ServerIdentity): Promise<void> {
    await this.#queue.run(() => this.#open(identity));
  }

  async close(): Promise<void> {
    await this.#queue.run(() => this.#close());
  }

  async #open(identity: ServerIdentity): Promise<void> {
    if (this.#tcp !== null) {
      // For new connections.
      this.#tls?.setSecureContext(contextOptions(identity));
      return;
    }
    const tls = createTlsServer({
      ...contextOptions(identity),
      requestCert: this.#service.asksForCertificate,
      // The service decides, with Go's rules and words.
      rejectUnauthorized: false,
    });
    tls.on("secureConnection", (socket) => this.#serve(socket));
    tls.on("tlsClientError", () => {});
    const tcp = createTcpServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      if (!this.mute) tls.emit("connection", socket);
    });
    this.#tls = tls;
    this.#tcp = tcp;
    await this.#network.listen(tcp, this.#service.address, this.#service.port);
  }

  async #close(): Promise<void> {
    const tcp = this.#tcp;
    this.#tcp = null;
    this.#tls = null;
    if (tcp === null) return;
    for (const socket of this.#sockets) socket.destroy();
    await closeServer(tcp);
  }

  #serve(socket: TLSSocket): void {
    socket.on("error", () => {});
    const admitted = this.#service.admit(socket.getPeerX509Certificate());
    if (isRefusal(admitted)) {
      socket.end(encodeFrame(FRAME.preface, JSON.stringify(admitted)));
      return;
    }
    socket.write(encodeFrame(FRAME.preface, JSON.stringify({ ready: true })));
    socket.on(
      "data",
      frameReader((_type, payload) => {
        try {
          this.#answer(socket, JSON.parse(payload.toString()) as RpcRequest, admitted).catch(() =>
            socket.destroy(),
          );
        } catch {
          socket.destroy();
        }
      }),
    );
  }

  async #answer(socket: TLSSocket, request: RpcRequest, caller: Caller): Promise<void> {
    const reply = await this.#reply(request, caller);
    if (reply === null) socket.destroy();
    else if (socket.writable) socket.write(encodeFrame(FRAME.answer, JSON.stringify(reply)));
  }

  async #reply(request: RpcRequest, caller: Caller): Promise<RpcReply | null> {
    try {
      const result = await this.#service.handle(request, caller);
      if (result === HANG_UP) return null;
      if (result instanceof Truncated) return { id: request.id, result: result.result, truncate: true };
      return { id: request.id, result };
    } catch (error) {
      if (error instanceof RpcError) {
        return { id: request.id, error: { code: error.code, desc: error.desc } };
      }
      return { id: request.id, error: { code: "Unknown", desc: String(error) } };
    }
  }
}

function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "alert" in value;
}

function contextOptions(identity: ServerIdentity) {
  return {
    ...identity,
    minVersion: "TLSv1.2",
    // Session tickets off, as in apid: a resumed session would skip the look at the trust of today.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}
