import type {
  AuthorityResource,
  ClusterResource,
  DesiredState,
  RepositoryResource,
} from "../resources/model/desired.ts";
import { formatAddress, parseAddress, type TrustConsumer } from "../resources/model/trust-consumer.ts";
import {
  sameConsumer,
  sameValue,
  type WayOut,
  waysOfCluster,
  waysOfConsumer,
} from "../resources/model/ways-out.ts";
import type { ClusterProblem } from "../rotation/plan.ts";

/**
 * A pull request is untrusted until it is merged (design, section 11): clusters and consumers are read through the
 * connections of its base, and what is new only as far as the base's repository resource lists it. What git wants is
 * the head's all the same, and so is what the plan judges.
 */
export interface Ways {
  /** The head, with connections that may be used in place of its own. */
  readonly desired: DesiredState;
  /** Clusters that are not read, and why. */
  readonly untrusted: ReadonlyMap<string, ClusterProblem>;
  /** Consumers that are not asked, and why: by `consumerKey`. */
  readonly unasked: ReadonlyMap<string, string>;
}

/** What a pull request left. */
export interface TrustedBase {
  readonly desired: DesiredState;
  readonly repository: RepositoryResource;
}

/**
 * Why a command line or a file is not what it was in the base, although its name is: its content lies in the
 * repository, and the pull request changes it. `null`: it does not.
 */
export type ChangedContent = (value: readonly string[] | string) => string | null;

/** Under which name a consumer is remembered: cluster, CA type and its own name. */
export function consumerKey(cluster: string, authority: string, consumer: string): string {
  return `${cluster} ${authority} ${consumer}`;
}

/**
 * How the clusters and consumers of a proposal are reached before it is merged: through the base's connections where
 * there is one, else by the base's lists, else not at all (design, section 11).
 */
export function waysThroughBase(head: DesiredState, base: TrustedBase, changedContent: ChangedContent): Ways {
  const untrusted = new Map<string, ClusterProblem>();
  const clusters = head.clusters.map((cluster) => {
    const was = base.desired.clusters.find(({ name }) => name === cluster.name);
    const { through, problem } = connectionOf(cluster, was, base, changedContent);
    if (problem !== null) untrusted.set(cluster.name, problem);
    return through;
  });
  const unasked = new Map<string, string>();
  const authorities = head.authorities.map((authority) => ({
    ...authority,
    trustConsumers: authority.trustConsumers.map((consumer) => {
      const { through, why } = consumerOf(authority, consumer, base);
      if (why !== null) unasked.set(consumerKey(authority.cluster, authority.type, consumer.name), why);
      return through;
    }),
  }));
  return { desired: { ...head, clusters, authorities }, untrusted, unasked };
}

interface Connection {
  readonly through: ClusterResource;
  readonly problem: ClusterProblem | null;
}

function connectionOf(
  cluster: ClusterResource,
  was: ClusterResource | undefined,
  base: TrustedBase,
  changedContent: ChangedContent,
): Connection {
  const refused = untrustedWays(cluster, was, base);
  if (refused.length > 0 && (was === undefined || was.platform !== cluster.platform)) {
    return { through: cluster, problem: notTrustedYet(refused.map(wayText).join("; ")) };
  }
  const through: ClusterResource =
    refused.length === 0 || was === undefined ? cluster : { ...cluster, connection: was.connection };
  const changed = waysOfCluster(through)
    .filter(({ rule }) => rule === "listed-executable" || rule === "credential")
    .flatMap(({ value, field }) => {
      const why = value === null ? null : changedContent(value);
      return why === null ? [] : [`${field} is in this repository: ${why}`];
    });
  return { through, problem: changed.length === 0 ? null : notTrustedYet(changed.join("; ")) };
}

function notTrustedYet(what: string): ClusterProblem {
  return {
    code: "not-trusted-yet",
    message: `is not read before the merge: ${what}`,
    remedy:
      "merge it: then it is planned on the branch. To have it read before, list its command lines and addresses in `executables` and `addresses` of the repository resource there; a run of your own may say --trust-head",
  };
}

/** The ways that a plan would take, which are neither as they were nor listed in the base. */
function untrustedWays(
  cluster: ClusterResource,
  was: ClusterResource | undefined,
  base: TrustedBase,
): readonly WayOut[] {
  const before = was === undefined ? [] : waysOfCluster(was);
  const is = waysOfCluster(cluster);
  return is.filter((way) => {
    if (before.some(({ field, value }) => field === way.field && sameValue(value, way.value))) return false;
    return !isListed(way, was === undefined, base);
  });
}

/** `isNew`: the base has no such cluster, so that nothing else could be used in its place. */
function isListed({ value, rule, written }: WayOut, isNew: boolean, base: TrustedBase): boolean {
  switch (rule) {
    case "only-after-merge":
      return true;
    case "free":
      return isNew;
    case "listed-executable":
      return base.repository.executables.some((argv) => sameValue(argv, value));
    case "listed-address":
      // Nothing said: the executable's own configuration decides, which is the operator's.
      return value === null ? isNew : isListedAddress(value, base.repository);
    case "credential":
      if (value === null) return isNew;
      return isNew && (/^\$\{\w+\}$/.test(written) || isUsedCredential(value, base));
  }
}

function isListedAddress(value: readonly string[] | string, { addresses }: RepositoryResource): boolean {
  return addresses.some((text) => {
    const address = parseAddress(text, 0);
    return address !== null && formatAddress(address) === value;
  });
}

function isUsedCredential(value: readonly string[] | string, { desired }: TrustedBase): boolean {
  return desired.clusters
    .flatMap(waysOfCluster)
    .some((way) => way.rule === "credential" && sameValue(way.value, value));
}

function wayText({ does, written, field }: WayOut): string {
  return `it ${does} ${written} (${field})`;
}

interface Asked {
  readonly through: TrustConsumer;
  /** Why it is not asked. */
  readonly why: string | null;
}

/** Asked where the base asks it, or where the base asks another consumer of this CA. */
function consumerOf(
  { cluster, type }: AuthorityResource,
  consumer: TrustConsumer,
  { desired, repository }: TrustedBase,
): Asked {
  const was = desired.authorities.find((one) => one.cluster === cluster && one.type === type);
  const known = (was?.trustConsumers ?? []).flatMap(waysOfConsumer);
  const refused = waysOfConsumer(consumer).filter(
    ({ value }) =>
      value !== null &&
      !isListedAddress(value, repository) &&
      !known.some((way) => sameValue(way.value, value)),
  );
  if (refused.length === 0) return { through: consumer, why: null };
  const before = was === undefined ? undefined : sameConsumer(was, consumer);
  if (before !== undefined) return { through: before, why: null };
  return {
    through: consumer,
    why: `it is new, and not asked before the merge: ${refused.map(wayText).join("; ")}`,
  };
}
