import { kindsOf, unreadListing } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { type Follower, followersOf } from "../rotation/followers.ts";
import type {
  AuthorityKey,
  ComponentKind,
  ConsumerObservation,
  LiveAuthority,
} from "../rotation/observation.ts";
import type { OverridePlanFinding } from "../rotation/override-plan.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ClusterPlan, Plan, PlanOutcome } from "../rotation/plan.ts";

/**
 * The live state as `capstan status --format json` prints it. Names are a contract like those of the plan;
 * `format_version` changes only when a consumer must change.
 */
export interface LiveStatus {
  readonly format_version: "1.0";
  readonly outcome: PlanOutcome;
  readonly commit: string | null;
  /** No cluster is in the shard. */
  readonly nothing_looked_at?: true;
  readonly clusters: readonly ClusterStatus[];
}

/** What is live in one cluster. */
export interface ClusterStatus {
  readonly name: string;
  readonly platform: string;
  /** Why it could not be read: then nothing below is known. */
  readonly problem: ClusterPlan["problem"];
  readonly wave: ClusterPlan["wave"];
  readonly hold: ClusterPlan["hold"];
  readonly observed_at: string | null;
  readonly versions: ClusterObservation["versions"] | null;
  readonly authorities: readonly AuthorityStatus[];
  readonly components: readonly KindStatus[];
  readonly remote_clusters: readonly { readonly name: string; readonly last_heartbeat: string | null }[];
  readonly unread: ClusterObservation["unread"];
  /** What trusts its CAs outside of it, as probes saw it. */
  readonly consumers: readonly ConsumerObservation[];
  readonly rotations: readonly {
    readonly name: string;
    readonly standing: string;
    readonly desired_phase: Phase;
  }[];
  readonly overrides: readonly OverrideStatus[];
  readonly drift: ClusterPlan["drift"];
}

/** What stands for the keys of a CA in its own certificates' place, and what is wrong or soon due about it. */
export interface OverrideStatus {
  readonly authority: string;
  readonly row: string;
  readonly situation: string;
  readonly entries: readonly {
    readonly key_hash: string;
    readonly state: string;
    readonly issuer: string | null;
    readonly not_after: string | null;
  }[];
  readonly findings: readonly OverridePlanFinding[];
}

/** One CA as it is live. Times are ISO 8601. */
export interface AuthorityStatus {
  readonly type: string;
  readonly state: string;
  readonly phase: Phase;
  /** Half-way: some machines are in this phase already. */
  readonly towards: Phase | null;
  readonly mode: string | null;
  readonly current_id: string | null;
  readonly started: string | null;
  /** When it was last rotated or rolled back: a platform need not tell which. */
  readonly last_rotated: string | null;
  readonly active_keys: readonly KeyStatus[];
  readonly trusted_keys: readonly KeyStatus[];
}

/** One key of a CA; the dates are its certificate's, where it has one. */
export interface KeyStatus {
  readonly fingerprint: string;
  readonly protocol: string;
  readonly algorithm: string;
  readonly storage: string;
  readonly not_before: string | null;
  readonly not_after: string | null;
}

/** The components of one kind. */
export interface KindStatus {
  readonly kind: ComponentKind;
  /** Of those that report a rotation. */
  readonly total: number;
  readonly following: number;
  /** They cannot be seen to follow: agentless nodes, and services that report no rotation. */
  readonly not_reporting: number;
  /** Who does not follow the host CA, and how. */
  readonly behind: readonly { readonly subject: string; readonly message: string }[];
  /** Why its listing could not be read, so that nobody knows how many there are; absent when it was read. */
  readonly unread?: string;
}

/** Puts observations and plan together; pure. `now` in milliseconds since the epoch. */
export function liveStatus(observations: readonly ClusterObservation[], plan: Plan, now: number): LiveStatus {
  return {
    format_version: "1.0",
    outcome: plan.outcome,
    commit: plan.commit,
    ...(plan.nothing_looked_at === true ? { nothing_looked_at: true as const } : {}),
    clusters: [
      ...observations.map((observation) => clusterStatus(observation, plan, now)),
      ...plan.clusters.filter(({ problem }) => problem !== null).map(unreadStatus),
    ],
  };
}

/** Of a cluster that could not be read. */
function unreadStatus({ name, platform, problem, wave, hold }: ClusterPlan): ClusterStatus {
  return {
    name,
    platform,
    problem,
    wave,
    hold,
    observed_at: null,
    versions: null,
    authorities: [],
    components: [],
    remote_clusters: [],
    unread: [],
    consumers: [],
    rotations: [],
    overrides: [],
    drift: [],
  };
}

/** The part of one cluster. `now` in milliseconds since the epoch. */
export function clusterStatus(observation: ClusterObservation, plan: Plan, now: number): ClusterStatus {
  const planned = plan.clusters.find(({ name }) => name === observation.cluster);
  return {
    name: observation.cluster,
    platform: observation.profile.name,
    problem: null,
    wave: planned?.wave ?? null,
    hold: planned?.hold ?? null,
    observed_at: observation.observedAt,
    versions: observation.versions,
    authorities: observation.authorities.map(authorityStatus),
    components: componentStatus(observation, now),
    remote_clusters: observation.remoteClusters.map(({ name, lastHeartbeat }) => ({
      name,
      last_heartbeat: lastHeartbeat,
    })),
    unread: observation.unread,
    consumers: observation.surroundings?.consumers ?? [],
    rotations: (planned?.rotations ?? []).map(({ name, standing, desired_phase }) => ({
      name,
      standing,
      desired_phase,
    })),
    overrides: (planned?.overrides ?? []).map(overrideStatus),
    drift: planned?.drift ?? [],
  };
}

function overrideStatus({
  authority,
  row,
  situation,
  entries,
  findings,
}: ClusterPlan["overrides"][number]): OverrideStatus {
  return {
    authority,
    row,
    situation,
    entries: entries.map(({ key_hash, state, issuer, not_after }) => ({
      key_hash,
      state,
      issuer,
      not_after,
    })),
    findings: findings.filter(({ severity }) => severity !== "info"),
  };
}

function authorityStatus(authority: LiveAuthority): AuthorityStatus {
  const { rotation } = authority;
  return {
    type: authority.type,
    state: rotation.state,
    phase: rotation.phase,
    towards: rotation.towards ?? null,
    mode: rotation.mode,
    current_id: rotation.currentId,
    started: rotation.started,
    last_rotated: rotation.lastRotated,
    active_keys: authority.active.map(keyStatus),
    trusted_keys: authority.trusted.map(keyStatus),
  };
}

function keyStatus({ fingerprint, protocol, algorithm, storage, certificate }: AuthorityKey): KeyStatus {
  return {
    fingerprint,
    protocol,
    algorithm,
    storage,
    not_before: certificate?.notBefore ?? null,
    not_after: certificate?.notAfter ?? null,
  };
}

/** How each component follows the CA that its kind follows. `now` in milliseconds since the epoch. */
export function seenComponents(observation: ClusterObservation, now: number): readonly Follower[] {
  return observation.authorities.flatMap((authority) => {
    const kinds = observation.profile.componentKinds
      .filter(({ follows }) => follows.includes(authority.type))
      .map(({ kind }) => kind);
    const { phase, towards } = authority.rotation;
    const components = observation.components.filter(({ kind }) => kinds.includes(kind));
    // Half-way, who has not gone on lags.
    return followersOf({ ...observation, components }, authority, [], towards ?? phase, now);
  });
}

function componentStatus(observation: ClusterObservation, now: number): readonly KindStatus[] {
  const followers = seenComponents(observation, now);
  return kindsOf(observation.profile).flatMap((kind) => {
    const ofKind = followers.filter((follower) => follower.kind === kind);
    const unlisted = observation.unlisted?.find((one) => one.kind === kind);
    const unread = (unreadListing(observation, kind) ?? unlisted)?.problem;
    if (ofKind.length === 0 && unread === undefined) return [];
    const reporting = ofKind.filter(({ standing }) => standing !== "not-reporting");
    const behind = reporting.filter(({ standing }) => standing !== "following");
    return [
      {
        kind,
        total: reporting.length,
        following: reporting.length - behind.length,
        not_reporting: ofKind.length - reporting.length,
        behind: behind.map(({ subject, seen }) => ({ subject, message: seen })),
        ...(unread === undefined ? {} : { unread }),
      },
    ];
  });
}
