import type { X509Certificate } from "node:crypto";
import { drawRefusal } from "./dialect.ts";
import { certificatePool, openSslKey } from "./go-pem.ts";
import { alertFor, isClientOnly, organizationsOf, verifyCertificate } from "./go-verify.ts";
import type { ApiCertificates, MachineContext } from "./machine-types.ts";
import { APID_PORT } from "./network.ts";
import { type Refusal, RpcError, type RpcRequest } from "./rpc.ts";
import { dial, type RpcConnection } from "./rpc-client.ts";
import { RpcServer, Truncated } from "./rpc-server.ts";

export interface ApidCaller {
  readonly roles: readonly string[];
}

/** The role of one apid towards another. It speaks for somebody else, whose roles it passes on. */
const IMPERSONATOR = "os:impersonator";

export interface ApidOptions {
  readonly context: MachineContext;
  readonly dialTimeoutMs: number;
  /** Whether an address is this machine's own. */
  readonly isLocal: (address: string) => boolean;
  readonly serve: (request: RpcRequest, roles: readonly string[]) => Promise<unknown>;
}

/**
 * The API endpoint of one machine: mutual TLS, looked up per connection, and forwarding to other machines with
 * the impersonator certificate, where both hops are verified for real (TA 5.1).
 */
export class Apid {
  readonly server: RpcServer<ApidCaller>;
  readonly #options: ApidOptions;
  readonly #outbound = new Map<string, Outbound>();
  #certificates: ApiCertificates | null = null;
  #pool: readonly X509Certificate[] = [];

  constructor(options: ApidOptions) {
    this.#options = options;
    this.server = new RpcServer(options.context.network, {
      address: options.context.address,
      port: APID_PORT,
      asksForCertificate: true,
      admit: (certificate) => this.#admit(certificate),
      handle: (request, caller) => this.#handle(request, caller),
    });
  }

  get certificates(): ApiCertificates | null {
    return this.#certificates;
  }

  /** From the next connection on. Forwarding connections made with the old certificate are given up. */
  async use(certificates: ApiCertificates): Promise<void> {
    this.#certificates = certificates;
    this.#pool = certificatePool(certificates.accepted.join(""));
    this.#flush();
    await this.server.open({ cert: certificates.server.crt, key: openSslKey(certificates.server.key) });
  }

  async close(): Promise<void> {
    this.#certificates = null;
    for (const { connection } of this.#outbound.values())
      void connection.then(
        (one) => one.close(),
        () => {},
      );
    this.#outbound.clear();
    await this.server.close();
  }

  #admit(certificate: X509Certificate | undefined): ApidCaller | Refusal {
    const alert = this.#alertFor(certificate);
    if (alert !== null) {
      const { dialect, random } = this.#options.context;
      return { alert, seen: drawRefusal(dialect, random()) };
    }
    return { roles: certificate === undefined ? [] : organizationsOf(certificate) };
  }

  #alertFor(certificate: X509Certificate | undefined): string | null {
    // Go's "failed to parse CA certs" while it makes the configuration for this connection.
    if (this.#pool.length === 0) return "internal error";
    if (certificate === undefined) return "certificate required";
    const now = this.#options.context.now();
    const problem = verifyCertificate(certificate, { roots: this.#pool, now, usage: "clientAuth" });
    if (problem !== null) return alertFor(problem);
    return isClientOnly(certificate) ? null : "bad certificate";
  }

  async #handle(request: RpcRequest, caller: ApidCaller): Promise<unknown> {
    const roles = caller.roles.includes(IMPERSONATOR) ? (request.roles ?? []) : caller.roles;
    const elsewhere =
      request.node !== undefined && request.proxyfrom === undefined && !this.#options.isLocal(request.node);
    if (elsewhere && request.node !== undefined) return await this.#forward(request, request.node, roles);
    return await this.#options.serve(request, roles);
  }

  async #forward(request: RpcRequest, node: string, roles: readonly string[]): Promise<unknown> {
    const client = this.#certificates?.client ?? null;
    if (client === null) throw new RpcError("PermissionDenied", "no request forwarding");
    const outbound = this.#connect(node, { cert: client.crt, key: openSslKey(client.key) });
    outbound.calls++;
    try {
      const connection = await outbound.connection;
      const proxyfrom = this.#options.context.address;
      const answer = await connection.call(request.method, request.params, { node, roles, proxyfrom });
      return answer.truncate ? new Truncated(answer.result) : answer.result;
    } catch (error) {
      this.#forget(node, outbound);
      throw error;
    } finally {
      outbound.calls--;
      if (outbound.stale) closeIdle(outbound);
    }
  }

  #connect(node: string, identity: { cert: string; key: string }): Outbound {
    const known = this.#outbound.get(node);
    if (known !== undefined) return known;
    const { context, dialTimeoutMs } = this.#options;
    const connection = dial({
      routes: context.network.routes(),
      address: node,
      port: APID_PORT,
      roots: this.#pool,
      identity,
      now: context.now(),
      timeoutMs: dialTimeoutMs,
    });
    const outbound: Outbound = { connection, calls: 0, stale: false };
    this.#outbound.set(node, outbound);
    return outbound;
  }

  #forget(node: string, outbound: Outbound): void {
    if (this.#outbound.get(node) !== outbound) return;
    void outbound.connection.then(
      (connection) => {
        if (!connection.usable) this.#outbound.delete(node);
      },
      () => this.#outbound.delete(node),
    );
  }

  /** Idle ones close at once, busy ones finish first. */
  #flush(): void {
    for (const outbound of this.#outbound.values()) {
      outbound.stale = true;
      closeIdle(outbound);
    }
    this.#outbound.clear();
  }
}

interface Outbound {
  readonly connection: Promise<RpcConnection>;
  calls: number;
  stale: boolean;
}

function closeIdle(outbound: Outbound): void {
  if (outbound.calls > 0) return;
  void outbound.connection.then(
    (connection) => connection.close(),
    () => {},
  );
}
