import { readFile, realpath } from "node:fs/promises";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Failure } from "../failure.ts";
import type { CommitTree } from "../git/tree.ts";
import { consumerKey, type Ways } from "../planner/trust.ts";
import type { ObserveScope, Platform } from "../platforms/platform.ts";
import type { OverrideChains } from "../probes/candidates.ts";
import { probeAll } from "../probes/probe.ts";
import type { Runner } from "../process/runner.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { AuthorityResource, ClusterResource, DesiredState } from "../resources/model/desired.ts";
import type { TrustConsumer } from "../resources/model/trust-consumer.ts";
import { type KeysByRole, keysByRole } from "../rotation/key-sets.ts";
import {
  type ConsumerObservation,
  type Fingerprint,
  identify,
  type LiveAuthority,
  type PeerObservation,
  type Surroundings,
} from "../rotation/observation.ts";

import { findPinFiles, type PinSearch } from "./pin-files.ts";

/** What looking around needs. */
export interface LookAround extends Pick<Ways, "untrusted" | "unasked"> {
  /** Absolute path of the repository folder: files named in resources are below it. */
  readonly folder: string;
  readonly desired: DesiredState;
  /** Files that hold resources. */
  readonly resources: ReadonlySet<string>;
  /** The commit that files are read from; `null`: the folder itself. */
  readonly tree: CommitTree | null;
  /** Runs executables of consumers in the lane of the cluster that they are looked at for. */
  readonly runnerOf: (cluster: string) => Runner;
  /** Opens another cluster of the repository, to be asked for its copies. */
  readonly open: (cluster: ClusterResource) => Platform;
  readonly signal: AbortSignal;
}

/** Nobody knows, and nobody takes it for granted. */
const NOT_ASKED = { uses: "unknown", trusts: { old: "unknown", new: "unknown" } } as const;

/** A consumer may say otherwise. */
const PROBE_DEADLINE_MS = 5_000;

/**
 * The platform of a cluster, with what is outside of it in every observation. Guards judge both together, so they
 * are looked at together: all of it anew, unless a wait only looks again at a rotation that has not moved.
 */
export function withSurroundings(platform: Platform, cluster: string, context: LookAround): Platform {
  return {
    transition: (request) => platform.transition(request),
    ...(platform.backUp === undefined ? {} : { backUp: platform.backUp }),
    ...(platform.overrides === undefined ? {} : { overrides: platform.overrides }),
    ...(platform.consistent === undefined ? {} : { consistent: platform.consistent }),
    async observe(scope) {
      const observation = await platform.observe(scope);
      const surroundings = known(scope, observation) ?? (await lookAround(observation, cluster, context));
      return { ...observation, surroundings };
    },
  };
}

function known(scope: ObserveScope, { authorities }: ClusterObservation): Surroundings | null {
  if (scope.components === "all") return null;
  // Of what went out only the effect on the cluster is read back; no guard judges by that look.
  if (scope.evenWhenStopping === true) return scope.base.surroundings ?? null;
  const phases = (all: readonly LiveAuthority[]) => all.map(({ type, rotation }) => [type, rotation.phase]);
  const same = isDeepStrictEqual(phases(scope.base.authorities), phases(authorities));
  return same ? (scope.base.surroundings ?? null) : null;
}

async function lookAround(
  observation: ClusterObservation,
  cluster: string,
  context: LookAround,
): Promise<Surroundings> {
  const { authorities, clusters } = context.desired;
  const declared = authorities.filter((authority) => authority.cluster === cluster);
  const names = clusters.find(({ name }) => name === cluster)?.peers ?? [];
  const [consumers, peers, pins] = await Promise.all([
    Promise.all(declared.map((authority) => probeConsumers(authority, observation, context))),
    Promise.all(names.map((name) => askPeer(name, cluster, context))),
    listPins(observation, cluster, context),
  ]);
  return { consumers: consumers.flat(), peers, pins: pins.files, unreadPins: pins.unread };
}

/** A peer that cannot be asked is a fact too: what depends on it is the guard's to judge. */
async function askPeer(
  name: string,
  cluster: string,
  { desired, untrusted, open, signal }: LookAround,
): Promise<PeerObservation> {
  const resource = desired.clusters.find((candidate) => candidate.name === name);
  if (resource === undefined) return { cluster: name, problem: "no cluster resource", copies: [] };
  const problem = untrusted.get(name);
  if (problem !== undefined) return { cluster: name, problem: problem.message, copies: [] };
  try {
    const { copies } = await open(resource).observe({ components: "all" });
    return { cluster: name, problem: null, copies: copies.filter((copy) => copy.cluster === cluster) };
  } catch (error) {
    if (!(error instanceof Failure) || signal.aborted) throw error;
    return { cluster: name, problem: error.message, copies: [] };
  }
}

async function listPins(
  { authorities }: ClusterObservation,
  cluster: string,
  { folder, desired, resources, tree }: LookAround,
): Promise<PinSearch> {
  const host = authorities.find(({ type }) => type === "host");
  const policy = desired.clusters.find(({ name }) => name === cluster)?.policy;
  if (host === undefined || policy === undefined) return { files: [], unread: [] };
  const known = [...identify(host.active), ...identify(host.trusted), ...keysRetiredInGit(desired, host)];
  return await findPinFiles(tree ?? folder, policy.pinFiles, new Set(known), resources);
}

/** Everything that is declared for one CA, compared with the keys that it has now. */
async function probeConsumers(
  { cluster, type, trustConsumers }: AuthorityResource,
  observation: ClusterObservation,
  { folder, tree, desired, unasked, runnerOf, signal }: LookAround,
): Promise<readonly ConsumerObservation[]> {
  const { authorities } = observation;
  const live = authorities.find((authority) => authority.type === type);
  if (live === undefined || trustConsumers.length === 0) return [];
  const candidates = keysByRole(live, keysRetiredInGit(desired, live));
  const reasonFor = ({ name }: TrustConsumer) => unasked.get(consumerKey(cluster, type, name));
  const asked = trustConsumers.filter((consumer) => reasonFor(consumer) === undefined);
  const results = await probeAll(asked, {
    candidates,
    overrides: await overrideChains(live, candidates, observation),
    deadlineMs: PROBE_DEADLINE_MS,
    signal,
    run: (command) => runnerOf(cluster).run(command),
    readFile: (path) => (tree === null ? readWithin(folder, path) : tree.bytes(path)),
  });
  const seen = new Map(results.map((result) => [result.consumer, result]));
  return trustConsumers.map((consumer) => {
    const { name, kind } = consumer;
    const result = seen.get(name) ?? { ...NOT_ASKED, detail: reasonFor(consumer) ?? "" };
    return {
      authority: type,
      consumer: name,
      kind,
      uses: result.uses,
      trusts: result.trusts,
      detail: result.detail,
    };
  });
}

/**
 * What stands for the keys in the eyes of who trusts the external CA. In rollback the new key is on its way out: that
 * its issuer is trusted is nothing to be undone.
 */
async function overrideChains(
  { type, rotation }: LiveAuthority,
  candidates: KeysByRole,
  observation: ClusterObservation,
): Promise<OverrideChains> {
  const chains = (await observation.profile.overrides?.chains(observation, type)) ?? new Map();
  const leaving = rotation.phase === "rollback" ? candidates.new.map(({ fingerprint }) => fingerprint) : [];
  return new Map([...chains].filter(([fingerprint]) => !leaving.includes(fingerprint)));
}

/** All keys of an authority that git retires, in whatever rotation: none of them comes back. */
export function keysRetiredInGit(
  { rotations }: DesiredState,
  { cluster, type }: LiveAuthority,
): readonly Fingerprint[] {
  return rotations
    .filter((rotation) => rotation.cluster === cluster)
    .flatMap(({ authorities }) => authorities.filter((authority) => authority.type === type))
    .flatMap(({ retire }) => retire);
}

/** A file of the repository: a link that leads out of it is not one. */
async function readWithin(folder: string, path: string): Promise<Uint8Array> {
  const [root, target] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
  if (relative(root, target).startsWith("..")) throw new Error(`${path} leads out of the repository`);
  return await readFile(target);
}
