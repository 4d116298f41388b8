import type { AuthorityResource, ClusterResource, RepositoryResource } from "./desired.ts";
import { formatAddress, parseAddress, type TrustConsumer } from "./trust-consumer.ts";

/**
 * Every field by which whoever writes YAML makes capstan run, dial, read or write something, or seal a key for
 * somebody: one table, which decides what of a pull request is used before it is merged, and what is told first of
 * what it changes. A test walks the schemas: every field that holds text is in it, or in a list with a reason.
 */
export interface WayOut {
  /** The field, as in the schema: `spec.teleport.tctl`. */
  readonly field: string;
  readonly does: Does;
  /** As the file has it: `${VAR}` where a variable is put in. */
  readonly written: string;
  /** What is run, dialled, read, written: compared, and never printed, as a variable may be in it. */
  readonly value: Value;
  readonly rule: Rule;
}

export type Does = "runs" | "dials" | "reads" | "writes" | "seals for";

/** A command line, or text; `null` where nothing is said and the executable decides by itself. */
type Value = readonly string[] | string | null;

/** What makes a way one that may be taken before a merge, where the base does not have the same one. */
type Rule =
  /** The whole command line is among `executables` of the repository resource. */
  | "listed-executable"
  /** Host and port are among `addresses`. */
  | "listed-address"
  /** A credential: one variable and nothing else, so that the operator says which, or one that the base uses. */
  | "credential"
  /** Within what the others allow. */
  | "free"
  /** A plan does not take it. */
  | "only-after-merge";

interface Entry<Resource> {
  readonly field: string;
  readonly does: Does;
  readonly rule: Rule;
  readonly of: (resource: Resource) => readonly Value[];
  /** What is shown in place of them, where more of the field counts than what it leads to. */
  readonly shown?: (resource: Resource) => readonly Value[];
}

/** Teleport's auth server, Talos' API (reference talos-rotation 2.2). */
const AUTH_PORT = 3025;
const APID_PORT = 50_000;

const CLUSTER: readonly Entry<ClusterResource>[] = [
  entry("spec.teleport.tctl", "runs", "listed-executable", ({ teleport }) => opt(teleport, (t) => [t.tctl])),
  entry("spec.teleport.auth_server", "dials", "listed-address", ({ teleport }) =>
    opt(teleport, (t) => [endpoint(t.authServer, AUTH_PORT)]),
  ),
  entry("spec.teleport.identity_file", "reads", "credential", ({ teleport }) =>
    opt(teleport, (t) => [t.identityFile]),
  ),
  entry("spec.talos.talosctl", "runs", "listed-executable", ({ talos }) => opt(talos, (t) => [t.talosctl])),
  entry("spec.talos.kubectl", "runs", "listed-executable", ({ talos }) => opt(talos, (t) => [t.kubectl])),
  entry("spec.talos.talosconfig", "reads", "credential", ({ talos }) => opt(talos, (t) => [t.talosconfig])),
  entry("spec.talos.context", "reads", "free", ({ talos }) => opt(talos, (t) => [t.context])),
  entry("spec.talos.endpoints", "dials", "listed-address", ({ talos }) => opt(talos, machines("endpoints"))),
  entry("spec.talos.control_planes", "dials", "listed-address", ({ talos }) =>
    opt(talos, machines("controlPlanes")),
  ),
  entry("spec.talos.workers", "dials", "listed-address", ({ talos }) => opt(talos, machines("workers"))),
  entry("spec.talos.kubeconfig", "reads", "credential", ({ talos }) => opt(talos, (t) => [t.kubeconfig])),
  entry("spec.talos.clients.talosconfig", "writes", "only-after-merge", ({ talos }) =>
    opt(talos, (t) => [t.clients.talosconfig]),
  ),
  entry("spec.talos.clients.kubeconfig", "writes", "only-after-merge", ({ talos }) =>
    opt(talos, (t) => [t.clients.kubeconfig]),
  ),
  entry("spec.talos.recipients", "seals for", "only-after-merge", ({ talos }) =>
    opt(talos, (t) => t.recipients),
  ),
  entry("spec.talos.secrets", "reads", "only-after-merge", ({ talos }) => opt(talos, (t) => [t.secrets])),
  entry("spec.signer.command", "runs", "only-after-merge", ({ signer }) =>
    opt(signer, (one) => [one.command]),
  ),
  entry("spec.backup.command", "runs", "only-after-merge", ({ backup }) =>
    backup?.by === "command" ? [backup.command] : [],
  ),
  entry("spec.backup.recipients", "seals for", "only-after-merge", ({ backup }) =>
    backup?.by === "seal" ? backup.recipients : [],
  ),
];

const CONSUMER: readonly Entry<TrustConsumer>[] = [
  entry("spec.trust_consumers.address", "dials", "listed-address", (consumer) => {
    switch (consumer.kind) {
      case "postgres":
        return [endpoint(consumer.address, 5432)];
      case "mysql":
        return [endpoint(consumer.address, 3306)];
      case "tls":
        return [endpoint(consumer.address, 443)];
      case "openssh":
        return [endpoint(consumer.address, 22)];
      case "https-jwks":
      case "file":
      case "manual":
        return [];
    }
  }),
  {
    ...entry("spec.trust_consumers.url", "dials", "listed-address", (consumer: TrustConsumer) =>
      consumer.kind === "https-jwks" ? [hostOf(consumer.url)] : [],
    ),
    shown: (consumer) => (consumer.kind === "https-jwks" ? [consumer.url] : []),
  },
];

const REPOSITORY: readonly Entry<RepositoryResource>[] = [
  entry("spec.remote", "dials", "only-after-merge", ({ remote }) => [remote]),
];

/** For the test that walks the schemas. */
export const FIELDS_OUT: readonly string[] = [...CLUSTER, ...CONSUMER, ...REPOSITORY].map(
  ({ field }) => field,
);

export function waysOfCluster(cluster: ClusterResource): readonly WayOut[] {
  const written: ClusterResource = cluster.asWritten ?? cluster;
  return CLUSTER.flatMap((one) => waysOf(one, cluster, written));
}

export function waysOfConsumer(consumer: TrustConsumer): readonly WayOut[] {
  return CONSUMER.flatMap((one) => waysOf(one, consumer, consumer));
}

export function waysOfRepository(repository: RepositoryResource): readonly WayOut[] {
  return REPOSITORY.flatMap((one) => waysOf(one, repository, repository));
}

/** A consumer of a CA, found again in another commit by its name and kind. */
export function sameConsumer(
  { trustConsumers }: AuthorityResource,
  { name, kind }: TrustConsumer,
): TrustConsumer | undefined {
  return trustConsumers.find((other) => other.name === name && other.kind === kind);
}

function waysOf<Resource>(
  { field, does, rule, of, shown = of }: Entry<Resource>,
  resource: Resource,
  written: Resource,
): readonly WayOut[] {
  const texts = shown(written).map(textOf);
  return of(resource).map((value, index) => ({
    field,
    does,
    rule,
    value,
    written: texts[index] ?? textOf(null),
  }));
}

function textOf(value: Value): string {
  if (value === null) return "nothing";
  return typeof value === "string" ? value : value.join(" ");
}

function entry<Resource>(
  field: string,
  does: Does,
  rule: Rule,
  of: (resource: Resource) => readonly Value[],
): Entry<Resource> {
  return { field, does, rule, of };
}

function opt<Part>(part: Part | null | undefined, of: (part: Part) => readonly Value[]): readonly Value[] {
  return part === null || part === undefined ? [] : of(part);
}

type Talos = NonNullable<ClusterResource["talos"]>;

function machines(list: "endpoints" | "controlPlanes" | "workers"): (talos: Talos) => readonly Value[] {
  return (talos) => talos[list].map((address) => endpoint(address, APID_PORT));
}

/** `host:port`, with the port that it would be dialled at; what is no address stays what it is, and fits no list. */
function endpoint(text: string | null, port: number): string | null {
  if (text === null) return null;
  const bare = /^[\da-fA-F]*:[\da-fA-F:.]*:[\da-fA-F:.]*(?:%\w+)?$/.test(text) ? `[${text}]` : text;
  const address = parseAddress(bare, port);
  return address === null ? text : formatAddress(address);
}

function hostOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) return url;
  return `${parsed.hostname}:${parsed.port === "" ? "443" : parsed.port}`;
}

/** Whether two ways lead to the same. */
export function sameValue(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
