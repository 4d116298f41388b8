import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";

interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A database that lets in whom the external root vouches for, and nobody else. */
export class Database {
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
  }

  static async trusting(root: string, own: Identity): Promise<Database> {
    const server = createServer({
      cert: own.certificate,
      key: own.key,
      ca: [root],
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.on("secureConnection", (socket) => {
      socket.on("error", () => {});
      socket.end("welcome\n");
    });
    server.on("tlsClientError", () => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Database(server);
  }

  /** `null` when the client was let in, else why it was not. */
  async connect(client: Identity): Promise<string | null> {
    const { port } = this.#server.address() as AddressInfo;
    return await new Promise((resolve) => {
      let said = "";
      const socket: TLSSocket = connect({
        host: "127.0.0.1",
        port,
        cert: client.certificate,
        key: client.key,
        // Whether the client trusts the database is not the question here.
        rejectUnauthorized: false,
      });
      socket.on("data", (chunk) => {
        said += chunk;
      });
      socket.on("error", (error) => resolve(error.message));
      socket.on("close", () => resolve(said === "welcome\n" ? null : "closed without a word"));
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}
