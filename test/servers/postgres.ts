import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Issued } from "./certificates.ts";
import { needExecutable } from "./executables.ts";
import { makeServerFolder, type ServerFolder, type ServerProcess, startServer } from "./server-process.ts";

export const POSTGRES_EXECUTABLES = ["postgres", "initdb", "psql", "pg_isready"];

export interface TlsSetup {
  readonly server: Issued;
  /** CAs of accepted client certificates, PEM. */
  readonly clientAuthorities: readonly string[];
}

export interface PostgresServer extends ServerProcess {
  /** Installs certificates and reloads; the server takes them up a moment later. */
  reconfigure(setup: TlsSetup): void;
  /** Logs in with a client certificate, as a client would, and asks something. */
  query(client: Issued, serverAuthorities: readonly string[]): Promise<string>;
}

const PACKAGE = "postgresql";
const run = promisify(execFile);

/** PostgreSQL with TLS, and client certificates for every login over TCP. `tls: false` switches TLS off. */
export async function startPostgres(
  setup: TlsSetup,
  options: { readonly tls?: boolean; readonly settings?: readonly string[] } = {},
): Promise<PostgresServer> {
  const folder = makeServerFolder("postgres", "postgres");
  const data = join(folder.path, "data");
  folder.run(needExecutable("initdb", PACKAGE), [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-N",
    "--locale=C",
  ]);
  folder.write("data/pg_hba.conf", "hostssl all postgres 127.0.0.1/32 cert\n");
  install(folder, setup);
  const settings = [
    `ssl=${options.tls === false ? "off" : "on"}`,
    `ssl_cert_file=${join(folder.path, "server.pem")}`,
    `ssl_key_file=${join(folder.path, "server.key")}`,
    `ssl_ca_file=${join(folder.path, "clients.pem")}`,
    `unix_socket_directories=${folder.path}`,
    "listen_addresses=127.0.0.1",
    "fsync=off",
    ...(options.settings ?? []),
  ].flatMap((setting) => ["-c", setting]);
  const server = await startServer({
    name: "PostgreSQL",
    folder,
    command: (port) =>
      folder.command(needExecutable("postgres", PACKAGE), ["-D", data, "-p", `${port}`, ...settings]),
    isReady: async (port) => {
      try {
        await run(needExecutable("pg_isready", PACKAGE), ["-q", "-h", "127.0.0.1", "-p", `${port}`]);
        return true;
      } catch {
        return false;
      }
    },
    // Fast shutdown.
    stopSignal: "SIGINT",
  });
  return {
    ...server,
    reconfigure(changed) {
      install(folder, changed);
      server.signal("SIGHUP");
    },
    async query(client, serverAuthorities) {
      // The client refuses a key that others could read, and is whoever runs the tests.
      const own = makeServerFolder("psql", userInfo().username);
      try {
        const parameters = [
          `host=localhost hostaddr=127.0.0.1 port=${server.port} user=postgres dbname=postgres sslmode=verify-full`,
          `sslcert=${own.write("client.pem", client.certificate)}`,
          `sslkey=${own.write("client.key", client.key)}`,
          `sslrootcert=${own.write("servers.pem", serverAuthorities.join(""))}`,
        ];
        const psql = needExecutable("psql", "postgresql-client");
        const { stdout } = await run(psql, ["-XAtc", "select 'hello'", parameters.join(" ")]);
        return stdout.trim();
      } finally {
        own.remove();
      }
    },
  };
}

function install(folder: ServerFolder, { server, clientAuthorities }: TlsSetup): void {
  folder.write("server.pem", server.certificate);
  folder.write("server.key", server.key);
  folder.write("clients.pem", clientAuthorities.join(""));
}
