import { workOf } from "../checklist/work.ts";
import { describeSeen } from "../guards/trust-consumers.ts";
import { isoTime } from "../iso-time.ts";
import { kindsOf, reportedByComponents } from "../profile/lookup.ts";
import type { ClusterObservation, PlatformProfile } from "../profile/profile.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { standbyIds } from "../rotation/evidence.ts";
import { type Follower, followersOf } from "../rotation/followers.ts";
import type { Phase } from "../rotation/phase.ts";
import type { Step } from "../rotation/plan.ts";
import { type ClusterRecord, openRotation, type Roster } from "../rotation/record.ts";
import { withLearntRows } from "../rotation/renewals.ts";
import { coveredByWaivers, isAwaited } from "../rotation/waived-followers.ts";
import type { ClusterRun, RunContext } from "./context.ts";
import type { UntimedEvent } from "./emit-now.ts";
import type { KindProgress, Laggard, ProbeProgress } from "./event.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** Who is expected at the phase, and how far they are; nobody for a CA that components do not report. */
export function followersIn(
  observation: ClusterObservation,
  authority: string,
  roster: Roster,
  phase: Phase,
  now: number,
  past: ClusterRecord,
): readonly Follower[] {
  const live = observation.authorities.find(({ type }) => type === authority);
  if (live === undefined || !reportedByComponents(observation.profile, authority)) return [];
  const ids = standbyIds(past, live);
  return followersOf(withLearntRows(observation, past), live, roster, phase, now, ids).filter(
    ({ standing }) => standing !== "not-reporting",
  );
}

/** Who has not followed, and who of them is not waited for. */
export interface Lagging {
  readonly laggards: readonly Laggard[];
  /** Subjects that a waiver in force covers. */
  readonly waived: readonly string[];
}

/** `now`: milliseconds since the epoch; `since`: when the wait began, ISO 8601. */
export function laggingOf(
  followers: readonly Follower[],
  resource: RotationResource | null,
  roster: Roster,
  { now, since }: { readonly now: number; readonly since: string },
): Lagging {
  const isCovered = coveredByWaivers(resource?.waive ?? [], roster);
  const lagging = followers.filter((follower) => isAwaited(follower, roster));
  return {
    laggards: lagging
      .filter((follower) => !isCovered(follower, now))
      .map(({ subject, seen: message }) => ({ subject, message, since })),
    waived: lagging.filter((follower) => isCovered(follower, now)).map(({ subject }) => subject),
  };
}

/** What is said of a wait: how far it is, who lags, and what probes saw. `deadline`: milliseconds since the epoch. */
export function waitingEvent(
  run: ClusterRun,
  asked: Asked,
  phase: Phase,
  seen: Lagging & {
    readonly followers: readonly Follower[];
    readonly observation: ClusterObservation;
    readonly deadline: number;
  },
): Extract<UntimedEvent, { type: "waiting" }> {
  const { followers, laggards, waived, observation, deadline } = seen;
  return {
    type: "waiting",
    cluster: asked.cluster.name,
    authority: asked.authority,
    phase,
    deadline: isoTime(deadline),
    progress: progressOf(followers, new Set(waived), observation.profile),
    laggards,
    ...(waived.length === 0 ? {} : { waived }),
    ...probesOf(run, asked, observation, phase),
  };
}

/** How far each kind is. Whom a waiver covers is counted apart: nobody waits for them. */
function progressOf(
  followers: readonly Follower[],
  waived: ReadonlySet<string>,
  profile: PlatformProfile,
): readonly KindProgress[] {
  return kindsOf(profile).flatMap((kind) => {
    const ofKind = followers.filter((follower) => follower.kind === kind);
    const awaited = ofKind.filter(({ subject }) => !waived.has(subject));
    const ready = awaited.filter(({ standing }) => standing === "following").length;
    const left = ofKind.length - awaited.length;
    return ofKind.length === 0
      ? []
      : [{ kind, ready, total: awaited.length, ...(left === 0 ? {} : { waived: left }) }];
  });
}

/** Whose consumers are meant, and what is known around them. */
interface Asked extends Pick<StepAtHand, "cluster" | "resource" | "record"> {
  readonly authority: string;
  readonly step?: Step;
}

/** What probes saw of the consumers that the work of the phase is about; what takes a person is not awaited here. */
export function probesOf(
  { desired, clock }: Pick<RunContext, "desired" | "clock">,
  { cluster, authority, resource, record, step }: Asked,
  observation: ClusterObservation,
  phase: Phase,
): { readonly probes?: readonly ProbeProgress[] } {
  const declared = desired.authorities.find(
    (candidate) => candidate.cluster === cluster.name && candidate.type === authority,
  );
  const consumers = (declared?.trustConsumers ?? []).filter(({ kind }) => kind !== "manual");
  // At the end of a rollback they should be as they were: the work of a finished rotation is not theirs.
  if (step?.from === "rollback") return {};
  const proofs = workOf(authority, phase, {
    cluster,
    observation,
    rotation: resource,
    record: openRotation(record, authority),
    consumers,
    now: clock.now(),
  }).flatMap((work) => work.proofs);
  if (proofs.length === 0) return {};
  return {
    probes: proofs.map(({ consumer, seen, verdict }) => ({
      subject: `${consumer.kind}/${consumer.name}`,
      ready: verdict === "proven",
      message: seen === null ? "was not probed" : describeSeen(seen),
    })),
  };
}
