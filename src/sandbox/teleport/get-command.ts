import { stringify } from "yaml";
import type { ToolResult } from "../emulated-platform.ts";
import { authorityResource } from "./authority-resource.ts";
import type { TeleportCluster } from "./cluster.ts";
import type { Invocation } from "./command-line.ts";
import type { ComponentRole } from "./component-role.ts";
import { agentlessResource, agentResources, awsOidcResource } from "./component-rows.ts";
import { asciiTable, goJson, goJsonArray } from "./go-print.ts";
import { type KeyGeneration, sshFingerprint } from "./keys.ts";
import { type ListedAuthority, listedAuthorities } from "./listed-authorities.ts";
import { overrideResource } from "./override-commands.ts";
import { isComponentRole, knownKinds, type ResourceReference, resourceKind } from "./resource-kind.ts";
import type { TctlResource } from "./rotation-resource.ts";
import { TctlRefusal } from "./tctl-command.ts";
import { remoteClusterResource, trustedClusterResource } from "./trust-resource.ts";

/** `tctl get`: whatever a reference names, in the format that is wanted. */
export function runGet(
  cluster: TeleportCluster,
  { flags, arguments: [list = ""] }: Invocation,
): ToolResult["stdout"] {
  const format = flags["format"] ?? "yaml";
  const all = list === "all";
  const references = all
    ? knownKinds(cluster.options).map(({ name }) => reference(name, cluster))
    : list.split(",").map((part) => reference(part, cluster));
  if (references.length > 1 && format !== "yaml") {
    throw new TctlRefusal("mixed resource types only support YAML formatting");
  }
  const withSecrets = all || flags["with-secrets"] === "true";
  const resources = references.map((one) => listing(cluster, one, withSecrets));
  switch (format) {
    case "yaml":
      return yamlDocuments(
        resources.flatMap((one) => [...one]),
        cluster,
      );
    case "json":
      return jsonListing(resources[0] ?? [], cluster);
    case "text":
      return textListing(cluster, references[0], resources[0] ?? []);
    default:
      throw new TctlRefusal("unsupported format");
  }
}

function reference(text: string, { options }: TeleportCluster): ResourceReference {
  const [word = "", ...path] = text.split("/").filter((part) => part !== "");
  if (word === "") throw new TctlRefusal("missing value");
  const kind = resourceKind(word, options);
  if (kind === null) {
    throw new TctlRefusal(
      `unsupported resource: "${word}" - resources should be expressed as 'type/name', for example 'connector/github'`,
      { showsUsage: true },
    );
  }
  return { kind, path };
}

function listing(
  cluster: TeleportCluster,
  { kind, path }: ResourceReference,
  withSecrets: boolean,
): Iterable<TctlResource> {
  if (kind === "cert_authority") {
    const { dialect } = cluster.options;
    return wantedAuthorities(cluster, path).map((one) => authorityResource(one, dialect, withSecrets));
  }
  if (kind === "cert_authority_override") {
    const [type] = path;
    const found = cluster.overrides.list().filter((one) => type === undefined || one.type === type);
    if (type !== undefined && found.length === 0) throw new TctlRefusal(`${kind} "${type}" not found`);
    return found.map((one) => overrideResource(one, cluster.options.name));
  }
  if (!isListed(kind, cluster)) {
    const rows = trustRows(cluster, kind);
    const [name] = path;
    if (name === undefined) return rows;
    const named = rows.filter((row) => isNamed(row, name));
    if (named.length === 0) throw new TctlRefusal(`${kind} "${name}" is not found`);
    return named;
  }
  const rows = { [Symbol.iterator]: () => componentRows(cluster, kind) };
  const [name] = path;
  if (name === undefined) return rows;
  const named = [...rows].filter((row) => isNamed(row, name));
  if (named.length === 0) {
    const what = cluster.options.dialect === "v11" ? `${kind} with ID "${name}"` : `${kind} "${name}"`;
    throw new TctlRefusal(`${what} not found`);
  }
  return named;
}

/** A root knows its leaf as a remote cluster, a leaf its root as a trusted one. */
function trustRows({ link, options }: TeleportCluster, kind: string): readonly TctlResource[] {
  if (link === null) return [];
  if (kind === "remote_cluster" && options.place === "root") return [remoteClusterResource(link)];
  if (kind === "trusted_cluster" && options.place === "leaf") return [trustedClusterResource(link)];
  return [];
}

/** Old versions list the Kubernetes services beside their clusters; the newer ones know the word alone. */
function isListed(kind: string, { options }: TeleportCluster): kind is ComponentRole | "kube_service" {
  return isComponentRole(kind) || (kind === "kube_service" && options.dialect === "v11");
}

/** Every row of one kind of component. */
export function* componentRows(
  cluster: TeleportCluster,
  kind: ComponentRole | "kube_service",
): Generator<TctlResource> {
  const role = kind === "kube_service" ? "kube_server" : kind;
  for (const agent of cluster.present(role)) yield* agentResources(agent, kind, cluster);
  if (kind === "app_server" && cluster.options.awsOidc) yield awsOidcResource(cluster);
  if (kind !== "node") return;
  for (const node of cluster.agentlessNodes) yield agentlessResource(node, cluster.options.dialect);
}

function isNamed(row: TctlResource, name: string): boolean {
  const { metadata, spec } = row as { metadata: { name: string }; spec?: { hostname?: string } };
  return metadata.name === name || spec?.hostname === name;
}

/** `cas`, `cert_authority/TYPE/CLUSTER`, and `cert_authority/TYPE`, which v5 takes but ignores. */
function wantedAuthorities(cluster: TeleportCluster, path: readonly string[]): readonly ListedAuthority[] {
  const { dialect, takesTypeAlone } = cluster.options;
  const [type, wantedOwner] = path;
  const every = listedAuthorities(cluster);
  if (type === undefined || (wantedOwner === undefined && dialect === "v5")) return every;
  // A type alone was not taken before the branch of 18 had it: the other half is what it then asks for.
  if (wantedOwner === undefined && !takesTypeAlone)
    throw new TctlRefusal(`"" authority type is not supported`);
  if (!cluster.authorities.types.includes(type)) {
    throw new TctlRefusal(`"${type}" authority type is not supported`);
  }
  const wanted = every.filter(
    ({ authority, owner }) => authority.type === type && (wantedOwner === undefined || owner === wantedOwner),
  );
  if (wanted.length === 0) throw new TctlRefusal(`cert_authority "${type}/${wantedOwner}" not found`);
  return wanted;
}

/** v5 prints a single result bare, and no final newline (recordings/README). */
export function jsonListing(
  resources: Iterable<TctlResource>,
  { options }: TeleportCluster,
): ToolResult["stdout"] {
  const { dialect, emptyListing } = options;
  const [first, second] = take(resources, 2);
  if (first === undefined && emptyListing === "null") return dialect === "v5" ? "null" : "null\n";
  if (dialect !== "v5") return withNewline(goJsonArray(resources));
  return first !== undefined && second === undefined ? goJson(first) : goJsonArray(resources);
}

function* withNewline(pieces: Iterable<string>): Iterable<string> {
  yield* pieces;
  yield "\n";
}

const GO_YAML = {
  indentSeq: false,
  sortMapEntries: true,
  lineWidth: 0,
  aliasDuplicateObjects: false,
} as const;

function yamlDocuments(resources: readonly TctlResource[], { options }: TeleportCluster): string {
  if (resources.length === 0) return options.dialect === "v11" ? "" : "[]";
  // Go's YAML comes from JSON: keys are sorted, and what looks like a time is quoted.
  return resources.map((resource) => stringify(resource, { ...GO_YAML, version: "1.1" })).join("---\n");
}

function textListing(
  cluster: TeleportCluster,
  of: ResourceReference | undefined,
  resources: Iterable<TctlResource>,
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
    const uuid = cluster.options.dialect === "v11" ? `${metadata.name.slice(0, 16)}...` : metadata.name;
    return [cell("hostname"), uuid, cell("addr"), "", cell("version")];
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
