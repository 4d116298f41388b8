import type { AddressInfo } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { IssuedCertificate } from "./keys.ts";

/**
 * A component's TLS port on the loopback interface. It serves the certificate that the component holds for
 * serving, asks the caller for one, tells in one line of JSON whom it saw, and hangs up.
 */
export class Endpoint {
  readonly #describe: () => Readonly<Record<string, unknown>>;
  readonly #sockets = new Set<TLSSocket>();
  #server: Server | null = null;
  #port = 0;

  constructor(describe: () => Readonly<Record<string, unknown>>) {
    this.#describe = describe;
  }

  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#server !== null;
  }

  async open(identity: IssuedCertificate, trusted: readonly string[]): Promise<void> {
    const server = createServer({
      cert: identity.certificate,
      key: identity.key,
      ca: [...trusted],
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.on("secureConnection", (socket) => this.#greet(socket));
    server.on("tlsClientError", () => {});
    // The port stays the same over an outage when it can, as a real component's does.
    await listen(server, this.#port).catch(() => listen(server, 0));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Serves another certificate from the next connection on; nothing restarts. */
  present(identity: IssuedCertificate, trusted: readonly string[]): void {
    this.#server?.setSecureContext({ cert: identity.certificate, key: identity.key, ca: [...trusted] });
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #greet(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    const peer = socket.getPeerCertificate();
    socket.end(
      `${JSON.stringify({
        ...this.#describe(),
        client: peer.subject === undefined ? null : { name: peer.subject.CN, accepted: socket.authorized },
      })}\n`,
    );
  }
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}
