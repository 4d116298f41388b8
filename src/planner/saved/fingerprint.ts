import { createHash } from "node:crypto";
import type { ClusterObservation } from "../../profile/profile.ts";
import { canonicalJson, contentHash } from "../../resources/model/canonical.ts";
import { connectionFields } from "../../resources/model/connection-fields.ts";
import { DEFAULT_REPOSITORY } from "../../resources/model/default-repository.ts";
import type {
  AuthorityResource,
  ClusterResource,
  DesiredState,
  RotationResource,
} from "../../resources/model/desired.ts";
import type { AuthorityKey, LiveAuthority } from "../../rotation/observation.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { ClusterPlan } from "../../rotation/plan.ts";

/**
 * What a plan is bound to, cluster by cluster: every field that decides or runs, as git has it, the live facts that
 * decide where a rotation stands, and what is to be changed, which the record and the history decide, too. Not the
 * commit, so that a merge which changes nothing of it keeps the fingerprint; not the components, which come and go, and
 * which guards judge anew right before each step.
 */
export interface PlanBinding {
  readonly clusters: readonly ClusterBinding[];
}

/** Names are a contract: this is part of the plan file. Every list is sorted. */
export interface ClusterBinding {
  readonly name: string;
  /** Each field of its resource by its hash; `null` when git no longer has the cluster. */
  readonly cluster: readonly DesiredContent[] | null;
  /** The other clusters that are asked for their copies of its CAs: how they are reached decides, too. */
  readonly peers: readonly DesiredContent[];
  /** Each field of the `repository` resource, or its default. */
  readonly repository: readonly DesiredContent[];
  readonly rotations: readonly DesiredContent[];
  readonly authorities: readonly DesiredContent[];
  readonly overrides: readonly DesiredContent[];
  readonly live: readonly LiveFacts[];
  readonly steps: readonly PlannedChange[];
}

/** A step, or an entry of an override, that changes something; to look whether all followed changes nothing. */
interface PlannedChange {
  readonly id: string;
  /** Held by the order of phases, whatever the components say: a quarantine, keys that are not clear. */
  readonly refused: boolean;
}

/** As much of the plan of a cluster as says what is to be done. */
export type PlannedWork = Pick<ClusterPlan, "name" | "rotations" | "overrides">;

/** A resource in git, or a field of one, by the hash of what it says. */
export interface DesiredContent {
  readonly name: string;
  readonly content: string;
}

/** What a fingerprint binds of a live CA: a step is stale when one of these moved. */
export interface LiveFacts {
  readonly authority: string;
  readonly state: LiveAuthority["rotation"]["state"];
  readonly phase: Phase;
  readonly mode: LiveAuthority["rotation"]["mode"];
  readonly current_id: string | null;
  /** `tls sha256:…`, one for each key and protocol. */
  readonly active: readonly string[];
  readonly trusted: readonly string[];
}

/** What a plan holds for: one binding for each cluster that was observed, sorted by name. */
export function bindingOf(
  desired: DesiredState,
  observations: readonly ClusterObservation[],
  planned: readonly PlannedWork[],
): PlanBinding {
  const clusters = observations.map((observation) => {
    const work = planned.find(({ name }) => name === observation.cluster);
    return clusterBinding(desired, observation, work === undefined ? [] : changesOf(work));
  });
  return { clusters: sorted(clusters, ({ name }) => name) };
}

/** `sha256:` and the hash of the canonical JSON: equal for equal wishes and facts, in whatever order they came. */
export function clusterFingerprint(binding: ClusterBinding): string {
  return digestOf(binding);
}

/** What stands for a cluster in the fingerprint of the plan. */
export interface FingerprintedCluster {
  readonly name: string;
  /** `null` for one that was not read. */
  readonly fingerprint: string | null;
}

/**
 * Of the whole plan: SHA-256 over a line `NAME FINGERPRINT` for each cluster, sorted by name (code units), every line
 * ended by a line feed. A cluster that was not read has the word `null` for its fingerprint.
 */
export function planFingerprint(clusters: readonly FingerprintedCluster[]): string {
  const lines = sorted(clusters, ({ name }) => name).map(
    ({ name, fingerprint }) => `${name} ${fingerprint}\n`,
  );
  return `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`;
}

/** Of the whole plan, from what it is bound to. */
export function fingerprintOfPlan({ clusters }: PlanBinding): string {
  return planFingerprint(
    clusters.map((cluster) => ({ name: cluster.name, fingerprint: clusterFingerprint(cluster) })),
  );
}

/** SHA-256 of a value's canonical JSON: the same for the same content in whatever order of keys. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash("sha256").update(canonicalJson(value)).digest("hex")}`;
}

function changesOf({ rotations, overrides }: PlannedWork): readonly PlannedChange[] {
  const steps = rotations
    .flatMap((rotation) => rotation.steps)
    .filter(({ action }) => action !== "verify")
    .map(({ id, guards }) => ({
      id,
      refused: guards.some((guard) => guard.id === "phase-order" && guard.outcome !== "pass"),
    }));
  const entries = overrides.flatMap(({ actions }) => actions.map(({ id }) => ({ id, refused: false })));
  return sorted([...steps, ...entries], ({ id }) => id);
}

function clusterBinding(
  desired: DesiredState,
  observation: ClusterObservation,
  steps: readonly PlannedChange[],
): ClusterBinding {
  const name = observation.cluster;
  const cluster = desired.clusters.find((resource) => resource.name === name);
  const ofCluster = <Resource extends { readonly cluster: string }>(all: readonly Resource[]) =>
    all.filter((resource) => resource.cluster === name);
  const peers = desired.clusters.filter((resource) => cluster?.peers.includes(resource.name));
  return {
    name,
    cluster: cluster === undefined ? null : fieldsOf(clusterContent(cluster)),
    peers: contents(peers, (peer) => peer.name, clusterContent),
    repository: fieldsOf(desired.repository ?? DEFAULT_REPOSITORY),
    rotations: contents(ofCluster(desired.rotations), (rotation) => rotation.name, rotationContent),
    authorities: contents(ofCluster(desired.authorities), ({ type }) => type, authorityContent),
    overrides: contents(
      ofCluster(desired.overrides),
      ({ type }) => type,
      ({ document }) => document,
    ),
    live: sorted(observation.authorities.map(liveFacts), ({ authority }) => authority),
    steps,
  };
}

/** What a cluster resource says, wherever it stands: as it is written, whatever the environment puts in. */
export function clusterContent(cluster: ClusterResource): object {
  const written: ClusterResource = cluster.asWritten ?? cluster;
  const { source: _, asWritten: __, connection: ___, ...content } = written;
  return { ...content, ...connectionFields(written) };
}

/** The order of keys and the places of statements have no meaning. */
export function authorityContent(authority: AuthorityResource) {
  const { source: _, activeKeys, acknowledge, waive, ...content } = authority;
  return {
    ...content,
    activeKeys: [...activeKeys].sort(),
    acknowledge: placeless(acknowledge),
    waive: placeless(waive),
  };
}

/** A rotation without the places where it and its statements stand: moving a file changes no fingerprint. */
export function rotationContent(rotation: RotationResource) {
  const { source: _, contentWithoutResume: __, acknowledge, waive, ...content } = rotation;
  return { ...content, acknowledge: placeless(acknowledge), waive: placeless(waive) };
}

function placeless<Statement extends { readonly source?: unknown }>(
  statements: readonly Statement[] = [],
): readonly Omit<Statement, "source">[] {
  return statements.map(({ source: _, ...statement }) => statement);
}

/** Field by field, so that a difference can be named. */
function fieldsOf(content: object): readonly DesiredContent[] {
  const fields = Object.entries(content).filter(([, value]) => value !== undefined);
  return contents(
    fields,
    ([field]) => field,
    ([, value]) => value,
  );
}

function liveFacts({ type, active, trusted, rotation }: LiveAuthority): LiveFacts {
  const { state, phase, mode, currentId } = rotation;
  return {
    authority: type,
    state,
    phase,
    mode,
    current_id: currentId,
    active: namesOf(active),
    trusted: namesOf(trusted),
  };
}

function namesOf(keys: readonly AuthorityKey[]): readonly string[] {
  return keys.map(({ protocol, fingerprint }) => `${protocol} ${fingerprint}`).sort();
}

function contents<Resource>(
  resources: readonly Resource[],
  name: (resource: Resource) => string,
  content: (resource: Resource) => unknown,
): readonly DesiredContent[] {
  const all = resources.map((resource) => ({
    name: name(resource),
    content: contentHash(content(resource)),
  }));
  return sorted(all, (entry) => `${entry.name} ${entry.content}`);
}

function sorted<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return items.toSorted((left, right) => (key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0));
}
