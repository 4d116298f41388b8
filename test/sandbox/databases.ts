import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { DatabaseLogin } from "../../src/sandbox/emulated-platform.ts";
import { sandboxDatabaseLogin } from "../../src/sandbox/sandbox.ts";
import { needExecutable } from "../servers/executables.ts";
import { startMariadb } from "../servers/mariadb.ts";
import { startPostgres, type TlsSetup } from "../servers/postgres.ts";
import { eventually, makeServerFolder } from "../servers/server-process.ts";

const run = promisify(execFile);

/** A real self-hosted database behind the sandbox's Database Service. */
export interface Database {
  readonly name: string;
  readonly port: number;
  /**
   * Installs a server certificate as `auth sign` gives it now and CAs of clients, and waits until the database
   * uses them.
   */
  reconfigure(clientAuthorities: string): Promise<void>;
  /** One connection as the Database Service would make it now, or as it would have made it earlier. */
  connect(login?: DatabaseLogin): Promise<void>;
  login(): Promise<DatabaseLogin>;
  stop(): Promise<void>;
}

/** The part in which the two kinds of databases differ. */
interface Product {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  install(setup: TlsSetup): Promise<void>;
  connect(login: DatabaseLogin): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgresDatabase(sandbox: string): Promise<Database> {
  const server = await startPostgres(await sign(sandbox));
  return database(sandbox, {
    name: "postgres",
    port: server.port,
    user: "postgres",
    install: async (setup) => server.reconfigure(setup),
    connect: async (login) => hello(await server.query(login, [login.authorities])),
    stop: () => server.stop(),
  });
}

export async function startMariadbDatabase(sandbox: string): Promise<Database> {
  const server = await startMariadb(await sign(sandbox));
  for (const host of ["localhost", "127.0.0.1"]) {
    await server.administer(`create user 'app'@'${host}' require x509`);
  }
  const connect = async (login: DatabaseLogin): Promise<void> => {
    const own = makeServerFolder("mariadb-client", userInfo().username);
    try {
      const { stdout } = await run(needExecutable("mariadb", "mariadb-client"), [
        ...["--no-defaults", "--protocol=tcp", "--host=localhost", `--port=${server.port}`, "--user=app"],
        `--ssl-cert=${own.write("client.pem", login.certificate)}`,
        `--ssl-key=${own.write("client.key", login.key)}`,
        `--ssl-ca=${own.write("servers.pem", login.authorities)}`,
        ...["--ssl-verify-server-cert", "--batch", "--skip-column-names", "-e", "select 'hello'"],
      ]);
      hello(stdout.trim());
    } finally {
      own.remove();
    }
  };
  return database(sandbox, {
    name: "mariadb",
    port: server.port,
    user: "app",
    install: (setup) => server.reconfigure(setup),
    connect,
    stop: () => server.stop(),
  });
}

function database(sandbox: string, product: Product): Database {
  const login = () => sandboxDatabaseLogin(sandbox, product.user);
  return {
    name: product.name,
    port: product.port,
    login,
    connect: async (with_) => product.connect(with_ ?? (await login())),
    stop: () => product.stop(),
    async reconfigure(clientAuthorities) {
      const setup = await sign(sandbox);
      await product.install({ ...setup, clientAuthorities: [clientAuthorities] });
      const client = await login();
      const authorities = issuerOf(setup.server.certificate, client.authorities);
      const usesIt = await eventually(
        () => succeeds(() => product.connect({ ...client, authorities })),
        (succeeded) => succeeded,
      );
      if (!usesIt) throw new Error(`${product.name} does not use the certificate that it was given`);
    },
  };
}

/** What a person gets with `tctl auth sign`, as a database takes it. */
async function sign(sandbox: string): Promise<TlsSetup> {
  const folder = makeServerFolder("sign", userInfo().username);
  try {
    const prefix = join(folder.path, "server");
    await tctl(sandbox, "auth", "sign", "--format=db", "--host=localhost,127.0.0.1", `--out=${prefix}`);
    const read = (extension: string) => readFileSync(`${prefix}.${extension}`, "utf8");
    return { server: { certificate: read("crt"), key: read("key") }, clientAuthorities: [read("cas")] };
  } finally {
    folder.remove();
  }
}

async function tctl(sandbox: string, ...argv: readonly string[]): Promise<string> {
  return (await run(join(sandbox, "bin", "tctl"), argv, { maxBuffer: 2 ** 26 })).stdout;
}

function issuerOf(certificate: string, authorities: string): string {
  const issued = new X509Certificate(certificate);
  const every = authorities.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
  const issuer = every.find((one) => issued.verify(new X509Certificate(one).publicKey));
  if (issuer === undefined) throw new Error("the Database Service does not trust what was signed");
  return issuer;
}

function hello(answer: string): void {
  if (answer !== "hello") throw new Error(`answered ${JSON.stringify(answer)}`);
}

async function succeeds(attempt: () => Promise<void>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    return false;
  }
}

/** One connection of a client that never stops connecting. */
export interface Attempt {
  readonly database: string;
  /** The phase that was wanted when it began. */
  readonly phase: string;
  readonly beganAt: number;
  readonly problem: string | null;
}

const PAUSE_MS = 200;

/** Connects to every database over and over, as people do who know nothing of a rotation. */
export class Clients {
  readonly attempts: Attempt[] = [];
  phase = "before";
  readonly #databases: readonly Database[];
  readonly #loops: readonly Promise<void>[];
  #stopped = false;

  constructor(databases: readonly Database[]) {
    this.#databases = databases;
    this.#loops = databases.map((one) => this.#loop(one));
  }

  /** Waits until every database was connected to some more times, from beginning to end. */
  async keepConnecting(times: number): Promise<void> {
    const since = performance.now();
    const count = (name: string) =>
      this.attempts.filter(({ database, beganAt }) => database === name && beganAt >= since).length;
    const enough = async () => this.#databases.every(({ name }) => count(name) >= times);
    if (!(await eventually(enough, (reached) => reached, 60_000))) throw new Error("the clients stand still");
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  get failed(): readonly Attempt[] {
    return this.attempts.filter(({ problem }) => problem !== null);
  }

  async #loop(database: Database): Promise<void> {
    while (!this.#stopped) {
      const { phase } = this;
      const beganAt = performance.now();
      const problem = await database.connect().then(
        () => null,
        (error: unknown) => String(error),
      );
      this.attempts.push({ database: database.name, phase, beganAt, problem });
      await delay(PAUSE_MS);
    }
  }
}
