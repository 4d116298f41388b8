import { isoTime } from "../iso-time.ts";
import { kindsOf, reportedByComponents } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { Follower } from "../rotation/followers.ts";
import type { ComponentKind } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { Roster } from "../rotation/record.ts";
import type { ClusterRun } from "./context.ts";
import { Deadline } from "./deadline.ts";
import { emitNow } from "./emit-now.ts";
import type { Laggard } from "./event.ts";
import { followersIn, laggingOf, waitingEvent } from "./progress.ts";
import { pauses, tryObserve } from "./read-back.ts";
import type { StepAtHand } from "./step-at-hand.ts";

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
  atHand: StepAtHand,
  roster: Roster,
  phase: Phase,
  tolerated: ReadonlySet<string>,
): Promise<Followed> {
  const { clock, signal, turnBack } = run;
  const { authority } = atHand.step;
  const { profile } = atHand.observation;
  const deadline = deadlineOf(run, atHand);
  const since = isoTime(clock.now());
  const everything = reportedByComponents(profile, authority) ? kindsOf(profile) : [];
  let kinds: readonly ComponentKind[] = everything;
  let known = atHand.observation;
  let followers: readonly Follower[] = [];
  let said = "";
  for (const pause of pauses(clock)) {
    const seen = await tryObserve(run, { components: kinds, base: known }, deadline);
    if (seen !== null) {
      const whole = kinds.length === everything.length;
      known = seen;
      const now = clock.now();
      // What was not looked at keeps its verdict: its rows grow old here, not on the cluster.
      const fresh = followersIn(known, authority, roster, phase, now, atHand.record);
      followers = [
        ...followers.filter(({ kind }) => !kinds.includes(kind)),
        ...fresh.filter(({ kind }) => kinds.includes(kind)),
      ];
      const { laggards, waived } = laggingOf(followers, atHand.resource, roster, { now, since });
      if (JSON.stringify([laggards, waived]) !== said) {
        said = JSON.stringify([laggards, waived]);
        const seenSoFar = { followers, laggards, waived, observation: known, deadline: deadline.wall };
        emitNow(run, waitingEvent(run, { ...atHand, authority }, phase, seenSoFar));
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
function deadlineOf({ clock }: ClusterRun, { cluster, live }: StepAtHand): Deadline {
  const own = cluster.policy.phaseTimeoutMs;
  const { mode, phase, schedule } = live.rotation;
  if (mode !== "auto" || schedule === null) return new Deadline(clock, own);
  const next = { init: schedule.update_clients, update_clients: schedule.update_servers }[String(phase)];
  return new Deadline(clock, Math.min(own, Date.parse(next ?? schedule.standby) - clock.now()));
}
