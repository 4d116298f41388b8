import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { stringify } from "yaml";
import type { ToolResult } from "../platform.ts";
import { AUTH_COMMANDS, authSpecs } from "./auth-commands.ts";
import type { TeleportCluster } from "./cluster.ts";
import {
  CommandLineError,
  type CommandSpec,
  type FlagSpec,
  type Invocation,
  parseCommandLine,
} from "./command-line.ts";
import { asciiTable, goJson, goJsonArray } from "./go-print.ts";
import { type KeyGeneration, sshFingerprint } from "./keys.ts";
import { type ListedAuthority, listedAuthorities } from "./listed-authorities.ts";
import {
  createOverride,
  overrideResource,
  overrideSpecs,
  RUN_OVERRIDE_COMMAND,
} from "./override-commands.ts";
import { OverrideRefusal } from "./override-rules.ts";
import { isComponentRole, knownKinds, type ResourceReference, resourceKind } from "./resource-kind.ts";
import {
  agentlessResource,
  agentResources,
  authorityResource,
  type Resource,
  remoteClusterResource,
  trustedClusterResource,
} from "./resources.ts";
import type { Dialect } from "./rotation.ts";
import { statusText } from "./status-text.ts";
import { type Command, TctlError } from "./tctl-command.ts";

/**
 * `tctl` as its users see it: flags, outputs and error texts of the cluster's own version. A command is a row
 * of `COMMANDS` and a function: more of them (overrides, sign) go beside these.
 */
export async function tctl(
  cluster: TeleportCluster,
  argv: readonly string[],
  { cwd = process.cwd(), stdin = "" }: { readonly cwd?: string; readonly stdin?: string } = {},
): Promise<ToolResult> {
  const { dialect } = cluster.options;
  if (argv.includes("--help")) return help(argv, cluster);
  let invocation: Invocation;
  try {
    invocation = parseCommandLine(argv, commandSpecs(cluster), GLOBAL_FLAGS);
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
    const warnings: string[] = [];
    const warn = (line: string) => warnings.push(`${line}\n`);
    const printed = success(await run(cluster, invocation, { cwd, stdin, warn }));
    return { ...printed, stderr: warnings.join("") };
  } catch (error) {
    if (error instanceof TctlError || error instanceof OverrideRefusal)
      return failure(dialect, error.message);
    throw error;
  }
}

/** A failed call: newer versions colour the prefix even off a terminal (reference 1.11). */
export function failure(dialect: Dialect, message: string, before = ""): ToolResult {
  const prefix = dialect === "v5" ? "error: " : "\u001b[31mERROR: \u001b[0m";
  return { exit: 1, stdout: "", stderr: `${before}${prefix}${message}\n` };
}

const COMMANDS: Readonly<Record<string, Command>> = {
  version: async (cluster) => `${cluster.options.banner}
`,
  status: async (cluster) => statusText(cluster),
  get: async (cluster, invocation) => get(cluster, invocation),
  create: createOverride,
  ...RUN_OVERRIDE_COMMAND,
  ...AUTH_COMMANDS,
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

function commandSpecs(cluster: TeleportCluster): readonly CommandSpec[] {
  return [
    ...overrideSpecs(cluster.options.overrides),
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
    ...authSpecs(cluster),
  ];
}

/** Kingpin's help of a command, on standard output; enough to see whether a release has it. */
function help(argv: readonly string[], cluster: TeleportCluster): ToolResult {
  const { dialect } = cluster.options;
  const words = argv.filter((word) => !word.startsWith("-"));
  const command = commandSpecs(cluster).find(({ path }) => path.join(" ") === words.join(" "));
  if (command === undefined) {
    const message = `expected command but got "${words.at(-1) ?? ""}"`;
    return failure(dialect, message, dialect === "v5" ? "" : USAGE);
  }
  const flags = Object.keys(command.flags).map((name) => `  --${name}\n`);
  return success(`usage: tctl ${words.join(" ")} [<flags>]\n\nFlags:\n${flags.join("")}`);
}

function get(cluster: TeleportCluster, { flags, arguments: [list = ""] }: Invocation): ToolResult["stdout"] {
  const format = flags["format"] ?? "yaml";
  const all = list === "all";
  const references = all
    ? knownKinds(cluster.options).map(({ name }) => reference(name, cluster))
    : list.split(",").map((part) => reference(part, cluster));
  if (references.length > 1 && format !== "yaml") {
    throw new TctlError("mixed resource types only support YAML formatting");
  }
  const withSecrets = all || flags["with-secrets"] === "true";
  const resources = references.map((one) => listing(cluster, one, withSecrets));
  switch (format) {
    case "yaml":
      return yamlDocuments(resources.flatMap((one) => [...one]));
    case "json":
      return jsonListing(resources[0] ?? [], cluster);
    case "text":
      return textListing(cluster, references[0], resources[0] ?? []);
    default:
      throw new TctlError("unsupported format");
  }
}

function reference(text: string, { options }: TeleportCluster): ResourceReference {
  const [word = "", ...path] = text.split("/").filter((part) => part !== "");
  if (word === "") throw new TctlError("missing value");
  const kind = resourceKind(word, options);
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
    const { dialect } = cluster.options;
    return wantedAuthorities(cluster, path).map((one) => authorityResource(one, dialect, withSecrets));
  }
  if (kind === "cert_authority_override") {
    const [type] = path;
    const found = cluster.overrides.list().filter((one) => type === undefined || one.type === type);
    if (type !== undefined && found.length === 0) throw new TctlError(`${kind} "${type}" not found`);
    return found.map((one) => overrideResource(one, cluster.options.name));
  }
  if (!isComponentRole(kind)) {
    const rows = trustRows(cluster, kind);
    const [name] = path;
    if (name === undefined) return rows;
    const named = rows.filter((row) => isNamed(row, name));
    if (named.length === 0) throw new TctlError(`${kind} "${name}" is not found`);
    return named;
  }
  const rows = { [Symbol.iterator]: () => componentRows(cluster, kind) };
  const [name] = path;
  if (name === undefined) return rows;
  const named = [...rows].filter((row) => isNamed(row, name));
  if (named.length === 0) throw new TctlError(`${kind} "${name}" not found`);
  return named;
}

/** A root knows its leaf as a remote cluster, a leaf its root as a trusted one. */
function trustRows({ link, options }: TeleportCluster, kind: string): readonly Resource[] {
  if (link === null) return [];
  if (kind === "remote_cluster" && options.place === "root") return [remoteClusterResource(link)];
  if (kind === "trusted_cluster" && options.place === "leaf") return [trustedClusterResource(link)];
  return [];
}

function* componentRows(
  cluster: TeleportCluster,
  kind: Parameters<TeleportCluster["present"]>[0],
): Iterator<Resource> {
  for (const agent of cluster.present(kind)) yield* agentResources(agent, kind, cluster);
  if (kind !== "node") return;
  for (const node of cluster.agentlessNodes) yield agentlessResource(node, cluster.options.dialect);
}

function isNamed(row: Resource, name: string): boolean {
  const { metadata, spec } = row as { metadata: { name: string }; spec?: { hostname?: string } };
  return metadata.name === name || spec?.hostname === name;
}

/** `cas`, `cert_authority/TYPE/CLUSTER`, and `cert_authority/TYPE`, which v5 takes but ignores. */
function wantedAuthorities(cluster: TeleportCluster, path: readonly string[]): readonly ListedAuthority[] {
  const { dialect } = cluster.options;
  const [type, wantedOwner] = path;
  const every = listedAuthorities(cluster);
  if (type === undefined || (wantedOwner === undefined && dialect === "v5")) return every;
  if (!cluster.authorities.types.includes(type)) {
    throw new TctlError(`"${type}" authority type is not supported`);
  }
  const wanted = every.filter(
    ({ authority, owner }) => authority.type === type && (wantedOwner === undefined || owner === wantedOwner),
  );
  if (wanted.length === 0) throw new TctlError(`cert_authority "${type}/${wantedOwner}" not found`);
  return wanted;
}

/** v5 prints a single result bare, and no final newline (recordings/README). */
function jsonListing(resources: Iterable<Resource>, { options }: TeleportCluster): ToolResult["stdout"] {
  const { dialect, emptyListing } = options;
  const [first, second] = take(resources, 2);
  if (first === undefined && emptyListing === "null") return dialect === "v5" ? "null" : "null\n";
  if (dialect === "v18") return withNewline(goJsonArray(resources));
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
    const rows = wantedAuthorities(cluster, of.path).flatMap(({ authority, owner }) =>
      [...authority.active, ...authority.trusted].flatMap(({ ssh }: KeyGeneration) =>
        ssh === null
          ? []
          : [[owner, authority.type, sshFingerprint(ssh.line), authority.type === "host" ? "N/A" : ""]],
      ),
    );
    return asciiTable(rows, ["Cluster Name", "CA Type", "Pin", "Role Map"]);
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
