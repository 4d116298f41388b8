import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { needExecutable } from "./executables.ts";
import { makeServerFolder, type ServerFolder, type ServerProcess, startServer } from "./server-process.ts";
import { makeSshKey, type SshAuthority, signSshKey } from "./ssh-keys.ts";

export const SSHD_EXECUTABLES = ["sshd", "ssh-keygen", "ssh-keyscan"];

export interface SshdServer extends ServerProcess {
  /** Shows certificates of these authorities from now on, one per host key; `null`: plain host keys. */
  reconfigure(authorities: HostAuthorities): void;
}

/** Who signs the certificate of the Ed25519 host key, and who that of the RSA one. */
export interface HostAuthorities {
  readonly ed25519: SshAuthority | null;
  readonly rsa?: SshAuthority | null;
}

/** sshd that lets nobody in. It runs without root, so that it needs no folder of the system. */
export async function startSshd(authorities: HostAuthorities): Promise<SshdServer> {
  const folder = makeServerFolder("sshd", "nobody");
  for (const type of ["ed25519", "rsa"]) {
    const { path } = makeSshKey(folder.path, `host_${type}`, type);
    folder.write(`host_${type}`, readFileSync(path, "utf8"));
  }
  install(folder, authorities);
  const config = join(folder.path, "sshd_config");
  const server = await startServer({
    name: "sshd",
    folder,
    command: (port) =>
      folder.command(needExecutable("sshd", "openssh-server"), ["-D", "-e", "-f", config, "-p", `${port}`]),
    isReady: hasBanner,
    stopSignal: "SIGTERM",
  });
  return {
    ...server,
    reconfigure(changed) {
      install(folder, changed);
      server.signal("SIGHUP");
    },
  };
}

function install(folder: ServerFolder, authorities: HostAuthorities): void {
  const lines = (["ed25519", "rsa"] as const).flatMap((type) => {
    const path = join(folder.path, `host_${type}`);
    const authority = authorities[type] ?? null;
    if (authority === null) return [`HostKey ${path}`];
    const certificate = signSshKey(authority, path);
    return [
      `HostKey ${path}`,
      `HostCertificate ${folder.write(`host_${type}-cert.pub`, `${certificate}\n`)}`,
    ];
  });
  folder.write(
    "sshd_config",
    [
      "ListenAddress 127.0.0.1",
      "LogLevel DEBUG1",
      `PidFile ${join(folder.path, "sshd.pid")}`,
      "UsePAM no",
      "PasswordAuthentication no",
      "AuthorizedKeysFile none",
      // Tests come often, and never log in.
      "MaxStartups 100",
      ...lines,
      "",
    ].join("\n"),
  );
}

async function hasBanner(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
      .once("data", (bytes) => {
        resolve(bytes.toString("latin1").startsWith("SSH-2.0-"));
        socket.destroy();
      })
      .once("error", () => resolve(false))
      .once("close", () => resolve(false));
  });
}
