import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * Addresses of the emulated machines. Where the system has the whole of 127.0.0.0/8 (Linux), every machine gets a
 * real address of its own and Talos' real ports, so that anything can dial it. Elsewhere (macOS) all listen on
 * 127.0.0.1, and the executables translate through a table of ports.
 */
export interface Network {
  /** The shared address of the control plane: the cluster endpoint, and a virtual IP (issue talos#10357). */
  readonly vip: string;
  /** The address of the machine with this number, from 0. */
  address(machine: number): string;
  listen(server: Server, address: string, port: number): Promise<void>;
  /** `address:port` to `host:port`, for what cannot be dialed as it is. */
  routes(): Routes;
  close(): Promise<void>;
}

export type Routes = Readonly<Record<string, string>>;

export const APID_PORT = 50_000;
export const TRUSTD_PORT = 50_001;
export const KUBERNETES_PORT = 6443;

/** Port of a listener that nobody dials: it keeps a subnet to one cluster while machines come and go. */
const RESERVATION_PORT = 50_002;
const SUBNETS = 200;

export async function openNetwork(mapped = false): Promise<Network> {
  if (mapped) return new MappedNetwork();
  for (let subnet = 0; subnet < SUBNETS; subnet++) {
    const prefix = `127.50.${subnet}`;
    const reservation = createServer((socket) => socket.destroy());
    const problem = await bind(reservation, `${prefix}.1`, RESERVATION_PORT);
    if (problem === null) return new LoopbackNetwork(prefix, reservation);
    if (problem !== "EADDRINUSE") break;
  }
  return new MappedNetwork();
}

class LoopbackNetwork implements Network {
  readonly vip: string;
  readonly #prefix: string;
  readonly #reservation: Server;

  constructor(prefix: string, reservation: Server) {
    this.vip = `${prefix}.1`;
    this.#prefix = prefix;
    this.#reservation = reservation;
  }

  address(machine: number): string {
    return `${this.#prefix}.${machine + 2}`;
  }

  async listen(server: Server, address: string, port: number): Promise<void> {
    const problem = await bind(server, address, port);
    if (problem !== null) throw new Error(`cannot listen on ${address}:${port}: ${problem}`);
  }

  routes(): Routes {
    return {};
  }

  async close(): Promise<void> {
    await closeServer(this.#reservation);
  }
}

class MappedNetwork implements Network {
  readonly vip = "10.5.0.1";
  readonly #ports = new Map<string, number>();

  address(machine: number): string {
    return `10.5.0.${machine + 2}`;
  }

  /** A machine that comes back gets the port that it had. */
  async listen(server: Server, address: string, port: number): Promise<void> {
    const name = `${address}:${port}`;
    const problem = await bind(server, "127.0.0.1", this.#ports.get(name) ?? 0);
    if (problem !== null) throw new Error(`cannot listen for ${name}: ${problem}`);
    this.#ports.set(name, (server.address() as AddressInfo).port);
  }

  routes(): Routes {
    return Object.fromEntries([...this.#ports].map(([name, port]) => [name, `127.0.0.1:${port}`]));
  }

  async close(): Promise<void> {}
}

/** Where to dial for a machine's port. */
export function route(routes: Routes, address: string, port: number): { host: string; port: number } {
  const mapped = routes[`${address}:${port}`];
  if (mapped === undefined) return { host: address, port };
  const [host = "", mappedPort = ""] = mapped.split(":");
  return { host, port: Number(mappedPort) };
}

/**
 * The shared address: passes bytes on to one of the machines that are up, and is itself always up. A client sees
 * the connection end at once when there is none.
 */
export class Forwarder {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(pick: () => { host: string; port: number } | null) {
    this.#server = createServer((socket) => {
      const target = pick();
      this.#keep(socket);
      if (target === null) {
        socket.destroy();
        return;
      }
      const upstream = connect(target);
      this.#keep(upstream);
      socket.pipe(upstream).pipe(socket);
      socket.on("close", () => upstream.destroy());
      upstream.on("close", () => socket.destroy());
    });
  }

  async open(network: Network, address: string, port: number): Promise<void> {
    await network.listen(this.#server, address, port);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await closeServer(this.#server);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

/** The error code, or `null`. */
function bind(server: Server, host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    server.once("error", fail);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", fail);
      resolve(null);
    });
  });
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
