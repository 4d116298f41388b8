import { PROFILES } from "../../profiles.ts";
import type { AccessCheck } from "./access-check.ts";
import type { AuthorityResource, ClusterResource, RepositoryResource } from "./desired.ts";
import { DEFAULT_PORTS, type TrustConsumer } from "./trust-consumer.ts";
import { type Does, dialled, type WayRule, type WayValue } from "./way-out.ts";

/**
 * Every field by which whoever writes YAML makes capstan run, dial, read or write something, or seal a key for
 * somebody: one table, which decides what of a pull request is used before it is merged, and what is told first of
 * what it changes. A test walks the schemas: every field that holds text is in it, or in a list with a reason.
 */
export interface WayOut {
  /** The field, as in the schema: `spec.signer.command`. */
  readonly field: string;
  readonly does: Does;
  /** As the file has it: `${VAR}` where a variable is put in. */
  readonly written: string;
  /** What is run, dialled, read, written: compared, and never printed, as a variable may be in it. */
  readonly value: WayValue;
  readonly rule: WayRule;
}

interface Entry<Resource> {
  readonly field: string;
  readonly does: Does;
  readonly rule: WayRule;
  readonly of: (resource: Resource) => readonly WayValue[];
  /** What is shown in place of them, where more of the field counts than what it leads to. */
  readonly shown?: (resource: Resource) => readonly WayValue[];
}

const CONNECTION: readonly Entry<ClusterResource>[] = Object.values(PROFILES).flatMap(({ name, resources }) =>
  resources.connection.ways.map(({ field, does, rule, of }) =>
    entry(`spec.${name}.${field}`, does, rule, ({ platform, connection }: ClusterResource) =>
      platform === name && connection !== null ? of(connection) : [],
    ),
  ),
);

const CLUSTER: readonly Entry<ClusterResource>[] = [
  ...CONNECTION,
  entry("spec.signer.command", "runs", "only-after-merge", ({ signer }) =>
    signer === undefined ? [] : [signer.command],
  ),
  entry("spec.backup.command", "runs", "only-after-merge", ({ backup }) =>
    backup?.by === "command" ? [backup.command] : [],
  ),
  entry("spec.checks.command", "runs", "only-after-merge", ({ checks = [] }) => checks.map(wordsOfCheck)),
  entry("spec.backup.recipients", "seals for", "only-after-merge", ({ backup }) =>
    backup?.by === "seal" ? backup.recipients : [],
  ),
];

const CONSUMER: readonly Entry<TrustConsumer>[] = [
  entry("spec.trust_consumers.address", "dials", "listed-address", (consumer) => {
    switch (consumer.kind) {
      case "postgres":
      case "mysql":
      case "tls":
      case "openssh":
        return [dialled(consumer.address, DEFAULT_PORTS[consumer.kind])];
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

/** All that decides what is run, and towards whom: `login: ssh --login=probe --sample=3 --labels=env=prod`. */
function wordsOfCheck({ name, kind, command = [], labels, ...rest }: AccessCheck): readonly string[] {
  const { login, target, user, sample } = rest;
  const fields = { login, target, user, sample, labels: labelsText(labels) };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [`${name}:`, kind, ...command, ...given.map(([field, value]) => `--${field}=${value}`)];
}

function labelsText(labels: AccessCheck["labels"]): string | undefined {
  if (labels === undefined) return undefined;
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(",");
}

const REPOSITORY: readonly Entry<RepositoryResource>[] = [
  entry("spec.remote", "dials", "only-after-merge", ({ remote }) => [remote]),
  entry("spec.notify.command", "runs", "only-after-merge", ({ notify }) =>
    notify === undefined ? [] : [notify.command],
  ),
];

/** Every field that is in the table, as in the schemas: `spec.remote`. */
export const FIELDS_OUT: readonly string[] = [...CLUSTER, ...CONSUMER, ...REPOSITORY].map(
  ({ field }) => field,
);

/** The ways out of a cluster resource, as it is used and as it is written. */
export function waysOfCluster(cluster: ClusterResource): readonly WayOut[] {
  const written: ClusterResource = cluster.asWritten ?? cluster;
  return CLUSTER.flatMap((one) => waysOf(one, cluster, written));
}

/** The ways out of a trust consumer; one that no probe can reach has none. */
export function waysOfConsumer(consumer: TrustConsumer): readonly WayOut[] {
  return CONSUMER.flatMap((one) => waysOf(one, consumer, consumer));
}

/** The ways out of the `repository` resource. */
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
  const texts = shown(written).map(valueText);
  return of(resource).map((value, index) => ({
    field,
    does,
    rule,
    value,
    written: texts[index] ?? valueText(null),
  }));
}

function valueText(value: WayValue): string {
  if (value === null) return "nothing";
  return typeof value === "string" ? value : value.join(" ");
}

function entry<Resource>(
  field: string,
  does: Does,
  rule: WayRule,
  of: (resource: Resource) => readonly WayValue[],
): Entry<Resource> {
  return { field, does, rule, of };
}

function hostOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) return url;
  return `${parsed.hostname}:${parsed.port === "" ? "443" : parsed.port}`;
}

/** Whether two ways lead to the same. */
export function sameValue(one: WayValue, other: WayValue): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
