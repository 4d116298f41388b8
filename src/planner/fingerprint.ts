import { createHash } from "node:crypto";
import { canonicalJson, contentHash } from "../resources/canonical.ts";
import type { DesiredState } from "../resources/desired.ts";
import type { AuthorityKey, ClusterObservation, LiveAuthority } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";

/**
 * What a plan is bound to: what git wants, and the live facts that decide where a rotation stands. Not the commit,
 * so that a merge which changes nothing of it keeps the fingerprint; not the components, which come and go, and
 * which guards judge anew right before each step.
 */
export interface Binding {
  readonly clusters: readonly ClusterBinding[];
}

/** Names are a contract: this is part of the plan file. Every list is sorted. */
export interface ClusterBinding {
  readonly name: string;
  /** Hash of the platform and the policy in git; `null` when git no longer has the cluster. */
  readonly policy: string | null;
  readonly rotations: readonly DesiredContent[];
  readonly authorities: readonly DesiredContent[];
  readonly overrides: readonly DesiredContent[];
  readonly live: readonly LiveFacts[];
}

/** A resource in git by the hash of what it says. */
export interface DesiredContent {
  readonly name: string;
  readonly content: string;
}

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

/** Of all clusters that were observed; pure. */
export function bindingOf(desired: DesiredState, observations: readonly ClusterObservation[]): Binding {
  const clusters = observations.map((observation) => clusterBinding(desired, observation));
  return { clusters: sorted(clusters, ({ name }) => name) };
}

/** `sha256:` and the hash of the canonical JSON: equal for equal wishes and facts, in whatever order they came. */
export function fingerprintOf(binding: Binding): string {
  return digestOf(binding);
}

export function digestOf(value: unknown): string {
  return `sha256:${createHash("sha256").update(canonicalJson(value)).digest("hex")}`;
}

function clusterBinding(desired: DesiredState, observation: ClusterObservation): ClusterBinding {
  const name = observation.cluster;
  const cluster = desired.clusters.find((resource) => resource.name === name);
  const ofCluster = <Resource extends { readonly cluster: string }>(all: readonly Resource[]) =>
    all.filter((resource) => resource.cluster === name);
  return {
    name,
    policy:
      cluster === undefined ? null : contentHash({ platform: cluster.platform, policy: cluster.policy }),
    rotations: contents(
      ofCluster(desired.rotations),
      (rotation) => rotation.name,
      (rotation) => rotation.contentHash,
    ),
    authorities: contents(
      ofCluster(desired.authorities),
      ({ type }) => type,
      ({ activeKeys, maxAgeMs }) => contentHash({ activeKeys: [...activeKeys].sort(), maxAgeMs }),
    ),
    overrides: contents(
      ofCluster(desired.overrides),
      ({ type }) => type,
      ({ document }) => contentHash(document),
    ),
    live: sorted(observation.authorities.map(liveFacts), ({ authority }) => authority),
  };
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
  content: (resource: Resource) => string,
): readonly DesiredContent[] {
  const all = resources.map((resource) => ({ name: name(resource), content: content(resource) }));
  return sorted(all, (entry) => `${entry.name} ${entry.content}`);
}

function sorted<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return items.toSorted((left, right) => (key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0));
}
