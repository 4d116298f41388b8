import { createServer, type Server, type Socket } from "node:net";

/** A loopback server of a few lines, and what it was sent. */
export interface FakeServer {
  readonly port: number;
  /** All bytes of each connection, in order. */
  readonly received: readonly Buffer[];
  stop(): Promise<void>;
}

export async function startFake(serve: (socket: Socket) => void): Promise<FakeServer> {
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const index = received.push(Buffer.alloc(0)) - 1;
    sockets.add(socket);
    socket
      .on("data", (chunk) => {
        received[index] = Buffer.concat([received[index] ?? Buffer.alloc(0), chunk]);
      })
      .on("error", () => {})
      .on("close", () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    received,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
