import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { stringify } from "yaml";
import { AUTHORITY_TYPES } from "../../rotation/authority-type.ts";
import type { ToolResult } from "../platform.ts";
import type { StoredAuthority } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";
import {
  CommandLineError,
  type CommandSpec,
  type FlagSpec,
  type Invocation,
  parseCommandLine,
} from "./command-line.ts";
import { parseDuration } from "./duration.ts";
import { exportAuthority, exportTypes } from "./export.ts";
import { asciiTable, goJson, goJsonArray } from "./go-print.ts";
import { type KeyGeneration, sshFingerprint } from "./keys.ts";
import {
  createOverride,
  OVERRIDE_COMMANDS,
  overrideResource,
  RUN_OVERRIDE_COMMAND,
} from "./override-commands.ts";
import { OverrideRefusal } from "./override-rules.ts";
import { isComponentKind, RESOURCE_KINDS, type ResourceReference, resourceKind } from "./resource-kind.ts";
import { agentResources, authorityResource, type Resource, versionsOf } from "./resources.ts";
import type { Dialect } from "./rotation.ts";
import { statusText } from "./status-text.ts";

/**
 * `tctl` as its users see it: flags, outputs and error texts of the cluster's own version. A command is a row
 * of `COMMANDS` and a function: more of them (overrides, sign) go beside these.
 */
export async function tctl(
  cluster: TeleportCluster,
  argv: readonly string[],
  cwd = process.cwd(),
): Promise<ToolResult> {
  const { dialect } = cluster.options;
  if (argv.includes("--help")) return help(argv, dialect);
  let invocation: Invocation;
  try {
    invocation = parseCommandLine(argv, commandSpecs(dialect), GLOBAL_FLAGS);
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    // Only newer versions print how it is used.
    return failure(dialect, error.message, dialect === "v5" ? "" : USAGE);
  }
  const identity = invocation.flags["identity"];
  if (identity !== undefined && !invocation.given.has("auth-server")) {
    return failure(dialect, "tctl --identity also requires --auth-server");
  }
  if (identity !== undefined && !existsSync(resolve(cwd, identity))) {
    return failure(dialect, `open ${identity}: no such file or directory`);
  }
  const run = COMMANDS[invocation.command.path.join(" ")];
  if (run === undefined) throw new Error(`tctl ${invocation.command.path.join(" ")} has no code`);
  try {
    return success(await run(cluster, invocation, cwd));
  } catch (error) {
    if (error instanceof TctlError || error instanceof OverrideRefusal)
      return failure(dialect, error.message);
    throw error;
  }
}

/** What the server or the tool refuses, in its own words. */
class TctlError extends Error {}

/** A failed call: newer versions colour the prefix even off a terminal (reference 1.11). */
export function failure(dialect: Dialect, message: string, before = ""): ToolResult {
  const prefix = dialect === "v5" ? "error: " : "\u001b[31mERROR: \u001b[0m";
  return { exit: 1, stdout: "", stderr: `${before}${prefix}${message}\n` };
}

type Command = (
  cluster: TeleportCluster,
  invocation: Invocation,
  cwd: string,
) => Promise<ToolResult["stdout"]>;

const COMMANDS: Readonly<Record<string, Command>> = {
  version: async (cluster) =>
    cluster.options.dialect === "v5"
      ? `Teleport v${versionsOf("v5").client} git: go1.19.8\n`
      : `Teleport Enterprise v${versionsOf("v18").client} git:v18.9.0-0-g4c1a7f2 go1.25.3\n`,
  status: async (cluster) => statusText(cluster),
  get: async (cluster, invocation) => get(cluster, invocation),
  create: createOverride,
  ...RUN_OVERRIDE_COMMAND,
  "auth rotate": rotateCommand,
  "auth export": async (cluster, { flags, given }) => {
    const type = flags["type"];
    if (flags["keys"] === "true") throw new TctlError("the sandbox exports no private keys");
    if (type === undefined) {
      const both = exportTypes(cluster.options.dialect).slice(0, 2);
      return both.map((one) => exportAuthority(cluster, one, given.has("fingerprint"))).join("");
    }
    const exported = exportAuthority(cluster, type, given.has("fingerprint"));
    if (exported === null) throw new TctlError(`'${type}' authority type is not supported`);
    return exported;
  },
};

const GLOBAL_FLAGS: Readonly<Record<string, FlagSpec>> = {
  config: { short: "c" },
  "config-string": {},
  identity: { short: "i" },
  "auth-server": {},
  debug: { short: "d", boolean: true },
  insecure: { boolean: true },
};

const USAGE = "usage: tctl [<flags>] <command> [<args> ...]\n\nUse tctl help <command> for details.\n\n";

function commandSpecs(dialect: Dialect): readonly CommandSpec[] {
  const types = AUTHORITY_TYPES.map((type) => type.name);
  return [
    ...(dialect === "v5" ? [] : OVERRIDE_COMMANDS),
    { path: ["version"], flags: {}, arguments: [] },
    { path: ["status"], flags: {}, arguments: [] },
    {
      path: ["get"],
      flags: {
        format: { default: "yaml" },
        namespace: {},
        "with-secrets": { boolean: true },
        verbose: { short: "v", boolean: true },
      },
      arguments: [{ name: "resources", required: true }],
    },
    {
      path: ["create"],
      flags: { force: { short: "f", boolean: true }, confirm: { boolean: true } },
      arguments: [{ name: "filename", required: false }],
    },
    {
      path: ["auth", "rotate"],
      flags: {
        ...(dialect === "v5" ? {} : { interactive: { boolean: true } }),
        manual: { boolean: true },
        type: dialect === "v5" ? {} : { enum: types },
        phase: {},
        "grace-period": { default: "30h" },
      },
      arguments: [],
    },
    {
      path: ["auth", "export"],
      flags: {
        type: dialect === "v5" ? {} : { enum: exportTypes(dialect) },
        keys: { boolean: true },
        fingerprint: {},
        compat: {},
      },
      arguments: [],
    },
  ];
}

/** Kingpin's help of a command, on standard output; enough to see whether a release has it. */
function help(argv: readonly string[], dialect: Dialect): ToolResult {
  const words = argv.filter((word) => !word.startsWith("-"));
  const command = commandSpecs(dialect).find(({ path }) => path.join(" ") === words.join(" "));
  if (command === undefined) {
    return failure(
      dialect,
      `expected command but got "${words.at(-1) ?? ""}"`,
      dialect === "v5" ? "" : USAGE,
    );
  }
  const flags = Object.keys(command.flags).map((name) => `  --${name}\n`);
  return success(`usage: tctl ${words.join(" ")} [<flags>]\n\nFlags:\n${flags.join("")}`);
}

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
  // Without a type the old version rotates both.
  for (const one of type === undefined ? cluster.authorities.types : [type]) {
    const refusal = await cluster.rotate(one, request);
    if (refusal !== null) throw new TctlError(refusal);
  }
  return phase === ""
    ? "Initiated certificate authority rotation. To check status use 'tctl status'\n"
    : `Updated rotation phase to "${phase}". To check status use 'tctl status'\n`;
}

function get(cluster: TeleportCluster, { flags, arguments: [list = ""] }: Invocation): ToolResult["stdout"] {
  const { dialect } = cluster.options;
  const format = flags["format"] ?? "yaml";
  const all = list === "all";
  const references = all
    ? RESOURCE_KINDS.filter((kind) => kind.since === "v5" || dialect === "v18").map(({ name }) =>
        reference(name, dialect),
      )
    : list.split(",").map((part) => reference(part, dialect));
  if (references.length > 1 && format !== "yaml") {
    throw new TctlError("mixed resource types only support YAML formatting");
  }
  const withSecrets = all || flags["with-secrets"] === "true";
  const resources = references.map((one) => listing(cluster, one, withSecrets));
  switch (format) {
    case "yaml":
      return yamlDocuments(resources.flatMap((one) => [...one]));
    case "json":
      return resources[0] === undefined ? "[]" : jsonListing(resources[0], dialect);
    case "text":
      return textListing(cluster, references[0], resources[0] ?? []);
    default:
      throw new TctlError("unsupported format");
  }
}

function reference(text: string, dialect: Dialect): ResourceReference {
  const [word = "", ...path] = text.split("/").filter((part) => part !== "");
  if (word === "") throw new TctlError("missing value");
  const kind = resourceKind(word, dialect);
  if (kind === null) {
    throw new TctlError(
      `unsupported resource: "${word}" - resources should be expressed as 'type/name', for example 'connector/github'`,
    );
  }
  return { kind, path };
}

function listing(
  cluster: TeleportCluster,
  { kind, path }: ResourceReference,
  withSecrets: boolean,
): Iterable<Resource> {
  if (kind === "cert_authority") {
    return listedAuthorities(cluster, path).map((one) => authorityResource(one, cluster, withSecrets));
  }
  if (kind === "cert_authority_override") {
    const [type] = path;
    const found = cluster.overrides.list().filter((one) => type === undefined || one.type === type);
    if (type !== undefined && found.length === 0) throw new TctlError(`${kind} "${type}" not found`);
    return found.map((one) => overrideResource(one, cluster.options.name));
  }
  if (!isComponentKind(kind)) {
    if (path[0] !== undefined) throw new TctlError(`${kind} "${path[0]}" is not found`);
    return [];
  }
  const rows = { [Symbol.iterator]: () => componentRows(cluster, kind) };
  const [name] = path;
  if (name === undefined) return rows;
  const named = [...rows].filter((row) => isNamed(row, name));
  if (named.length === 0) throw new TctlError(`${kind} "${name}" not found`);
  return named;
}

function* componentRows(
  cluster: TeleportCluster,
  kind: Parameters<TeleportCluster["present"]>[0],
): Iterator<Resource> {
  for (const agent of cluster.present(kind)) yield* agentResources(agent, kind, cluster);
}

function isNamed(row: Resource, name: string): boolean {
  const { metadata, spec } = row as { metadata: { name: string }; spec: { hostname?: string } };
  return metadata.name === name || spec.hostname === name;
}

/** `cas`, `cert_authority/TYPE/CLUSTER`, and `cert_authority/TYPE`, which v5 takes but ignores. */
function listedAuthorities(cluster: TeleportCluster, path: readonly string[]): readonly StoredAuthority[] {
  const { dialect, name } = cluster.options;
  const [type, owner] = path;
  const every = cluster.authorities.types.flatMap((one) => cluster.authorities.cached(one) ?? []);
  if (type === undefined || (owner === undefined && dialect === "v5")) return every;
  const wanted = every.filter((one) => one.type === type && (owner === undefined || owner === name));
  if (!cluster.authorities.types.includes(type)) {
    throw new TctlError(`"${type}" authority type is not supported`);
  }
  if (wanted.length === 0) throw new TctlError(`cert_authority "${type}/${owner}" not found`);
  return wanted;
}

/** v5 prints a single result bare, and no final newline (recordings/README). */
function jsonListing(resources: Iterable<Resource>, dialect: Dialect): ToolResult["stdout"] {
  if (dialect === "v18") return withNewline(goJsonArray(resources));
  const [first, second] = take(resources, 2);
  return first !== undefined && second === undefined ? goJson(first) : goJsonArray(resources);
}

function* withNewline(pieces: Iterable<string>): Iterable<string> {
  yield* pieces;
  yield "\n";
}

function yamlDocuments(resources: readonly Resource[]): string {
  if (resources.length === 0) return "[]";
  // Go's YAML comes from JSON: keys are sorted, and what looks like a time is quoted.
  return resources
    .map((resource) => stringify(resource, { sortMapEntries: true, lineWidth: 0, version: "1.1" }))
    .join("---\n");
}

function textListing(
  cluster: TeleportCluster,
  of: ResourceReference | undefined,
  resources: Iterable<Resource>,
): string {
  if (of?.kind === "cert_authority") {
    const rows = listedAuthorities(cluster, of.path).flatMap((authority) =>
      [...authority.active, ...authority.trusted].flatMap(({ ssh }: KeyGeneration) =>
        ssh === null
          ? []
          : [
              [
                cluster.options.name,
                authority.type,
                sshFingerprint(ssh.line),
                authority.type === "host" ? "N/A" : "",
              ],
            ],
      ),
    );
    return asciiTable(rows, ["Cluster Name", "CA Type", "Fingerprint", "Role Map"]);
  }
  if (of?.kind === "cert_authority_override") {
    const rows = cluster.overrides.list().flatMap(({ type, entries }) => {
      const hashes = entries.length === 0 ? ["<none>"] : entries.map(({ keyHash }) => keyHash);
      return hashes.map((hash) => [cluster.options.name, type, hash]);
    });
    return asciiTable(rows, ["Cluster Name", "CA Type", "Public Key Hash"]);
  }
  const rows = [...resources].map((row) => {
    const { metadata, spec } = row as { metadata: { name: string }; spec: Record<string, unknown> };
    const cell = (name: string) => String(spec[name] ?? "");
    return [cell("hostname"), metadata.name, cell("addr"), "", cell("version")];
  });
  return asciiTable(rows, ["Host", "UUID", "Public Address", "Labels", "Version"]);
}

function take<T>(items: Iterable<T>, count: number): readonly T[] {
  const taken: T[] = [];
  for (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

function success(stdout: ToolResult["stdout"]): ToolResult {
  return { exit: 0, stdout, stderr: "" };
}
