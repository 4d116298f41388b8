import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { needExecutable } from "./executables.ts";
import type { TlsSetup } from "./postgres.ts";
import { makeServerFolder, type ServerFolder, type ServerProcess, startServer } from "./server-process.ts";

export const MARIADB_EXECUTABLES = ["mariadbd", "mariadb-install-db", "mariadb"];

export interface MariadbServer extends ServerProcess {
  /** Installs certificates and has the server read them. */
  reconfigure(setup: TlsSetup): Promise<void>;
  /** Asks something over the local socket, as the administrator. */
  administer(sql: string): Promise<string>;
}

const PACKAGE = "mariadb-server";
const run = promisify(execFile);

/** MariaDB with TLS; `tls: false` leaves it out. */
export async function startMariadb(
  setup: TlsSetup,
  options: { readonly tls?: boolean } = {},
): Promise<MariadbServer> {
  const folder = makeServerFolder("mariadb", "mysql");
  const data = join(folder.path, "data");
  const socket = join(folder.path, "mariadb.sock");
  folder.run(needExecutable("mariadb-install-db", PACKAGE), [
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=socket",
    `--auth-root-socket-user=${userInfo().username}`,
    "--skip-test-db",
  ]);
  install(folder, setup);
  const tls = [
    `--ssl-cert=${join(folder.path, "server.pem")}`,
    `--ssl-key=${join(folder.path, "server.key")}`,
    `--ssl-ca=${join(folder.path, "clients.pem")}`,
  ];
  const administer = async (sql: string): Promise<string> => {
    const args = [
      "--no-defaults",
      "--socket",
      socket,
      `--user=${userInfo().username}`,
      "--batch",
      "--skip-column-names",
      "-e",
      sql,
    ];
    const { stdout } = await run(needExecutable("mariadb", "mariadb-client"), args);
    return stdout.trim();
  };
  const server = await startServer({
    name: "MariaDB",
    folder,
    command: (port) =>
      folder.command(needExecutable("mariadbd", PACKAGE), [
        "--no-defaults",
        `--datadir=${data}`,
        `--socket=${socket}`,
        `--port=${port}`,
        `--pid-file=${join(folder.path, "mariadb.pid")}`,
        "--bind-address=127.0.0.1",
        "--innodb-buffer-pool-size=8M",
        "--innodb-flush-log-at-trx-commit=0",
        ...(options.tls === false ? ["--skip-ssl"] : tls),
      ]),
    isReady: async () => {
      try {
        return (await administer("select 'hello'")) === "hello";
      } catch {
        return false;
      }
    },
    stopSignal: "SIGTERM",
  });
  return {
    ...server,
    administer,
    async reconfigure(changed) {
      install(folder, changed);
      await administer("flush ssl");
    },
  };
}

function install(folder: ServerFolder, { server, clientAuthorities }: TlsSetup): void {
  folder.write("server.pem", server.certificate);
  folder.write("server.key", server.key);
  folder.write("clients.pem", clientAuthorities.join(""));
}
