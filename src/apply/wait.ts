import { Failure } from "../failure.ts";
import type { ObserveScope } from "../platforms/platform.ts";
import { kindsOf, reportedByComponents } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { Follower } from "../rotation/followers.ts";
import type { ComponentKind, LiveAuthority } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { RosterMember } from "../rotation/record.ts";
import { coveredByWaivers, isAwaited } from "../rotation/waived-followers.ts";
import { Deadline, iso } from "./clock.ts";
import { type ClusterRun, type Situation, say } from "./context.ts";
import type { Laggard } from "./event.ts";
import { followersIn, probesOf, progressOf } from "./progress.ts";

/** Reads are cached: right after a write they show the old phase, for up to seconds (recordings/README). */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
/** How long a refused or ambiguous transition may take to show up before the refusal is believed. */
export const DOUBT_MS = 12_000;

/**
 * Reads until the authority is observed in `phase`, at least once; `null` when it is not within the time. What went
 * out is read back whatever happens: a person who wants to stop is told what it came to.
 */
export async function readBack(
  run: ClusterRun,
  situation: Situation,
  phase: Phase,
  withinMs: number,
): Promise<ClusterObservation | null> {
  const deadline = new Deadline(run.clock, withinMs);
  for (const pause of pauses()) {
    const observation = await tryObserve(
      run,
      { components: [], base: situation.observation, evenWhenStopping: true },
      deadline,
    );
    const live = observation?.authorities.find(({ type }) => type === situation.step.authority);
    if (observation !== null && live !== undefined && isIn(live, phase)) return observation;
    if (deadline.isOver()) return null;
    await deadline.pause(pause, NEVER);
  }
  return null;
}

/** A call that went out is always read back, even when the person wants to stop. */
export const NEVER = new AbortController().signal;

function isIn(live: LiveAuthority, phase: Phase): boolean {
  return live.rotation.phase === phase && (phase === "standby") === (live.rotation.state === "standby");
}

/** How a wait for the components ended: who has not followed, as seen in the last look at everything. */
interface Followed {
  readonly laggards: readonly Laggard[];
  readonly observation: ClusterObservation;
}

/**
 * Waits until all whom the guards want are at the authority's phase, or the time is up: the roster and everybody in the
 * listing, less those whom a waiver in force covers. Polls only the kinds that still lag; before it says that all have
 * followed, it looks at everything once more, so that the verdict rests on a reading newer than the transition.
 * `tolerated` subjects lag without being waited for.
 */
export async function waitForComponents(
  run: ClusterRun,
  situation: Situation,
  roster: readonly RosterMember[],
  phase: Phase,
  tolerated: ReadonlySet<string>,
): Promise<Followed> {
  const { clock, signal, turnBack } = run;
  const { authority } = situation.step;
  const { profile } = situation.observation;
  const deadline = deadlineOf(run, situation);
  const since = iso(clock.now());
  const everything = reportedByComponents(profile, authority) ? kindsOf(profile) : [];
  const isCovered = coveredByWaivers(situation.resource?.waive ?? [], roster);
  let kinds: readonly ComponentKind[] = everything;
  let known = situation.observation;
  let followers: readonly Follower[] = [];
  let said = "";
  for (const pause of pauses()) {
    const seen = await tryObserve(run, { components: kinds, base: known }, deadline);
    if (seen !== null) {
      const whole = kinds === everything;
      known = seen;
      const now = clock.now();
      // What was not looked at keeps its verdict: its rows grow old here, not on the cluster.
      const fresh = followersIn(known, authority, roster, phase, now, situation.record);
      followers = [
        ...followers.filter(({ kind }) => !kinds.includes(kind)),
        ...fresh.filter(({ kind }) => kinds.includes(kind)),
      ];
      const lagging = followers.filter((follower) => isAwaited(follower, roster));
      const laggards = lagging
        .filter((follower) => !isCovered(follower, now))
        .map(({ subject, seen: message }) => ({ subject, message, since }));
      const waived = new Set(
        lagging.filter((follower) => isCovered(follower, now)).map(({ subject }) => subject),
      );
      if (JSON.stringify([laggards, [...waived]]) !== said) {
        said = JSON.stringify([laggards, [...waived]]);
        const progress = progressOf(followers, waived, profile);
        const { name: cluster } = situation.cluster;
        say(run, {
          type: "waiting",
          cluster,
          authority,
          phase,
          deadline: iso(deadline.wall),
          progress,
          laggards,
          ...(waived.size === 0 ? {} : { waived: [...waived] }),
          ...probesOf(run, { ...situation, authority }, known, phase),
        });
      }
      const awaited = laggards.filter(({ subject }) => !tolerated.has(subject));
      if ((awaited.length === 0 && whole) || deadline.isOver()) return { laggards, observation: known };
      if (turnBack.aborted && phase !== "rollback" && phase !== "standby")
        return { laggards, observation: known };
      kinds = everything.filter((kind) => awaited.some(({ subject }) => subject.startsWith(`${kind}/`)));
      if (kinds.length === 0) {
        kinds = everything;
        continue;
      }
    }
    await deadline.pause(pause, signal);
  }
  throw new Error("the pauses never end");
}

/** The time of the phase; before the platform goes on by its own clock, where it does. */
function deadlineOf({ clock }: ClusterRun, { cluster, live }: Situation): Deadline {
  const own = cluster.policy.phaseTimeoutMs;
  const { mode, phase, schedule } = live.rotation;
  if (mode !== "auto" || schedule === null) return new Deadline(clock, own);
  const next = { init: schedule.update_clients, update_clients: schedule.update_servers }[String(phase)];
  return new Deadline(clock, Math.min(own, Date.parse(next ?? schedule.standby) - clock.now()));
}

/** A read that fails is tried again until the time is up: a wait must not end in an error over one lost call. */
export async function tryObserve(
  run: ClusterRun,
  scope: ObserveScope,
  deadline: Deadline,
): Promise<ClusterObservation | null> {
  try {
    const observation = await run.platform.observe(scope);
    // A cache that is behind shows nothing new; a wait asks again anyway.
    const isBehind = run.sightings.behindMs(observation, run.cluster.policy.staleReadMs) > 0;
    if (!isBehind) run.sightings.note(observation);
    return observation;
  } catch (error) {
    const stopping = run.signal.aborted && scope.evenWhenStopping !== true;
    if (!(error instanceof Failure) || deadline.isOver() || stopping) throw error;
    say(run, {
      type: "notice",
      message: `reading ${run.cluster.name} failed, trying again: ${error.message}`,
    });
    return null;
  }
}

/** Pauses between two looks, growing; endless. */
export function* pauses(): Generator<number> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)) yield pause;
}
