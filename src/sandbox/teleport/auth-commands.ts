import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseGoDuration } from "../go-duration.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { CommandSpec, Invocation } from "./command-line.ts";
import { exportAuthority, exportTypes, usualExports } from "./export.ts";
import { identityFile } from "./identity-file.ts";
import { signForDatabase } from "./sign.ts";
import { type CallContext, type TctlCommand, TctlRefusal } from "./tctl-command.ts";

/** `tctl auth ...`: the commands of CAs. */
export const AUTH_COMMANDS: Readonly<Record<string, TctlCommand>> = {
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

/** The formats of v5 and of today that matter here. */
const SIGN_FORMATS = ["file", "openssh", "tls", "kubernetes", "db"];

async function rotateCommand(cluster: TeleportCluster, { flags, given }: Invocation): Promise<string> {
  const { dialect } = cluster.options;
  const gracePeriodMs = parseGoDuration(flags["grace-period"] ?? "");
  if (gracePeriodMs === null) throw new TctlRefusal(`time: invalid duration "${flags["grace-period"]}"`);
  const type = flags["type"];
  if (type === undefined && dialect === "v18") {
    const bare = !given.has("manual") && !given.has("phase") && !given.has("grace-period");
    throw new TctlRefusal(
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
    if (refusal !== null) throw new TctlRefusal(refusal);
  }
  return phase === ""
    ? "Initiated certificate authority rotation. To check status use 'tctl status'\n"
    : `Updated rotation phase to "${phase}". To check status use 'tctl status'\n`;
}

async function exportCommand(cluster: TeleportCluster, { flags, given }: Invocation) {
  const type = flags["type"];
  if (flags["keys"] === "true") throw new TctlRefusal("the sandbox exports no private keys");
  if (type === undefined) {
    return usualExports(cluster)
      .map((one) => exportAuthority(cluster, one, given.has("fingerprint")))
      .join("");
  }
  const exported = exportAuthority(cluster, type, given.has("fingerprint"));
  if (exported === null) throw new TctlRefusal(`'${type}' authority type is not supported`);
  cluster.inPlace.exported(type);
  return exported;
}

/** `auth sign`: an identity file for a user, or what a self-hosted database needs. */
async function signCommand(
  cluster: TeleportCluster,
  { flags }: Invocation,
  { cwd }: CallContext,
): Promise<string> {
  const { format, out, user } = flags;
  const ttlMs = parseGoDuration(flags["ttl"] ?? "");
  if (ttlMs === null) throw new TctlRefusal(`time: invalid duration "${flags["ttl"]}"`);
  const target = {
    cwd,
    out: out ?? "",
    mayOverwrite: flags["overwrite"] === "true",
  };
  if (format === "db") return signDatabase(cluster, flags["host"] ?? "", ttlMs, target);
  if (format !== "file") {
    throw new TctlRefusal(
      `the sandbox signs identity files (file) and for databases (db), not as "${format}"`,
    );
  }
  if (user === undefined) throw new TctlRefusal("the sandbox signs identity files of users only: --user");
  const [name = ""] = targetsOf(target, [""]);
  await writePrivate(resolve(cwd, name), await identityFile(cluster, user, ttlMs));
  return `\nThe credentials have been written to ${name}\n`;
}

interface SignTarget {
  readonly cwd: string;
  readonly out: string;
  readonly mayOverwrite: boolean;
}

/** The files that a call writes, by their endings. */
function targetsOf({ cwd, out, mayOverwrite }: SignTarget, endings: readonly string[]): readonly string[] {
  if (out === "") throw new TctlRefusal("identity output path is not specified");
  const names = endings.map((ending) => `${out}${ending}`);
  if (!mayOverwrite && names.some((name) => existsSync(resolve(cwd, name)))) {
    // The real one asks first; nobody answers here.
    throw new TctlRefusal(`not overwriting destination files ${names.join(", ")}`);
  }
  return names;
}

/** A key, a certificate, and the CAs of whom the database is to let in. */
async function signDatabase(
  cluster: TeleportCluster,
  host: string,
  ttlMs: number,
  target: SignTarget,
): Promise<string> {
  const hosts = host.split(",").filter((one) => one !== "");
  if (hosts.length === 0) throw new TctlRefusal("at least one hostname must be specified");
  const names = targetsOf(target, [".key", ".crt", ".cas"]);
  const { key, certificate, authorities } = await signForDatabase(cluster, hosts, ttlMs);
  cluster.databases.signedFor(hosts);
  const contents = [key, certificate, authorities];
  for (const [index, name] of names.entries()) {
    await writePrivate(resolve(target.cwd, name), contents[index] ?? "");
  }
  return `Database credentials have been written to ${names.join(", ")}.\n\n${settings(target.out)}`;
}

async function writePrivate(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, content, { mode: 0o600 });
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
