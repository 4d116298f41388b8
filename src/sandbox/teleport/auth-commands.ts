import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseDuration } from "../go-duration.ts";
import type { DatabaseLogin } from "../platform.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { CommandSpec, Invocation } from "./command-line.ts";
import { exportAuthority, exportTypes, usualExports } from "./export.ts";
import { signForDatabase } from "./sign.ts";
import { type CallContext, type Command, TctlError } from "./tctl-command.ts";

/** `tctl auth ...`: the commands of CAs. */
export const AUTH_COMMANDS: Readonly<Record<string, Command>> = {
  "auth rotate": rotateCommand,
  "auth export": exportCommand,
  "auth sign": signCommand,
};

export function authSpecs(cluster: TeleportCluster): readonly CommandSpec[] {
  const { dialect } = cluster.options;
  return [
    {
      path: ["auth", "rotate"],
      flags: {
        ...(dialect === "v18" ? { interactive: { boolean: true } } : {}),
        manual: { boolean: true },
        // Old versions let the server judge.
        type: dialect === "v18" ? { enum: cluster.options.types } : {},
        phase: {},
        "grace-period": { default: "30h" },
      },
      arguments: [],
    },
    {
      path: ["auth", "export"],
      flags: {
        type: dialect === "v5" ? {} : { enum: exportTypes(cluster) },
        keys: { boolean: true },
        fingerprint: {},
        compat: {},
      },
      arguments: [],
    },
    {
      path: ["auth", "sign"],
      flags: {
        user: {},
        host: {},
        out: { short: "o" },
        format: { default: "file", enum: SIGN_FORMATS },
        ttl: { default: "12h" },
        overwrite: { boolean: true },
      },
      arguments: [],
    },
  ];
}

/** The formats of v5 and of today that matter here; only databases are signed for. */
const SIGN_FORMATS = ["file", "openssh", "tls", "kubernetes", "db"];

async function rotateCommand(cluster: TeleportCluster, { flags, given }: Invocation): Promise<string> {
  const { dialect } = cluster.options;
  const gracePeriodMs = parseDuration(flags["grace-period"] ?? "");
  if (gracePeriodMs === null) throw new TctlError(`time: invalid duration "${flags["grace-period"]}"`);
  const type = flags["type"];
  if (type === undefined && dialect === "v18") {
    const bare = !given.has("manual") && !given.has("phase") && !given.has("grace-period");
    throw new TctlError(
      bare || flags["interactive"] === "true"
        ? "required flag --type not provided, not starting interactive mode because stdin does not appear to be a terminal"
        : "required flag --type not provided",
    );
  }
  const phase = flags["phase"] ?? "";
  const request = { phase, gracePeriodMs, mode: flags["manual"] === "true" ? "manual" : "auto" } as const;
  // Without a type the old versions rotate all that they have.
  for (const one of type === undefined ? cluster.authorities.types : [type]) {
    const refusal = await cluster.rotate(one, request);
    if (refusal !== null) throw new TctlError(refusal);
  }
  return phase === ""
    ? "Initiated certificate authority rotation. To check status use 'tctl status'\n"
    : `Updated rotation phase to "${phase}". To check status use 'tctl status'\n`;
}

async function exportCommand(cluster: TeleportCluster, { flags, given }: Invocation) {
  const type = flags["type"];
  if (flags["keys"] === "true") throw new TctlError("the sandbox exports no private keys");
  if (type === undefined) {
    return usualExports(cluster)
      .map((one) => exportAuthority(cluster, one, given.has("fingerprint")))
      .join("");
  }
  const exported = exportAuthority(cluster, type, given.has("fingerprint"));
  if (exported === null) throw new TctlError(`'${type}' authority type is not supported`);
  return exported;
}

/** `auth sign --format=db`: a key, a certificate, and the CAs of whom the database is to let in. */
async function signCommand(
  cluster: TeleportCluster,
  { flags }: Invocation,
  { cwd }: CallContext,
): Promise<string> {
  const { format, out } = flags;
  if (format !== "db") throw new TctlError(`the sandbox signs for databases only, not as "${format}"`);
  const ttlMs = parseDuration(flags["ttl"] ?? "");
  if (ttlMs === null) throw new TctlError(`time: invalid duration "${flags["ttl"]}"`);
  const hosts = (flags["host"] ?? "").split(",").filter((host) => host !== "");
  if (hosts.length === 0) throw new TctlError("at least one hostname must be specified");
  if (out === undefined || out === "") throw new TctlError("identity output path is not specified");
  const names = [`${out}.key`, `${out}.crt`, `${out}.cas`];
  if (flags["overwrite"] !== "true" && names.some((name) => existsSync(resolve(cwd, name)))) {
    // The real one asks first; nobody answers here.
    throw new TctlError(`not overwriting destination files ${names.join(", ")}`);
  }
  const signed = await signForDatabase(cluster, hosts, ttlMs);
  await writeCertificate(resolve(cwd, out), signed);
  return `Database credentials have been written to ${names.join(", ")}.\n\n${settings(out)}`;
}

async function writeCertificate(prefix: string, signed: DatabaseLogin): Promise<void> {
  await mkdir(dirname(prefix), { recursive: true, mode: 0o700 });
  await writeFile(`${prefix}.key`, signed.key, { mode: 0o600 });
  await writeFile(`${prefix}.crt`, signed.certificate, { mode: 0o600 });
  await writeFile(`${prefix}.cas`, signed.authorities, { mode: 0o600 });
}

function settings(out: string): string {
  return `To enable mutual TLS on your PostgreSQL server, add the following to its postgresql.conf configuration file:

ssl = on
ssl_cert_file = '/path/to/${out}.crt'
ssl_key_file = '/path/to/${out}.key'
ssl_ca_file = '/path/to/${out}.cas'

To enable mutual TLS on your MySQL server, add the following to its mysql.cnf configuration file:

[mysqld]
require_secure_transport=ON
ssl-cert=/path/to/${out}.crt
ssl-key=/path/to/${out}.key
ssl-ca=/path/to/${out}.cas
`;
}
