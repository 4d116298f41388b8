import { Failure } from "../failure.ts";
import type { Follower } from "../guards/following.ts";
import { reportedByComponents } from "../guards/reported.ts";
import type { ObserveScope } from "../platforms/platform.ts";
import {
  type ClusterObservation,
  COMPONENT_KINDS,
  type ComponentKind,
  type LiveAuthority,
} from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { RosterMember } from "../rotation/record.ts";
import { iso } from "./clock.ts";
import type { Laggard } from "./event.ts";
import { followersIn, hasNotFollowed, probesOf, progressOf } from "./progress.ts";
import { type RunContext, type Situation, say } from "./run.ts";

/** Reads are cached: right after a write they show the old phase, for up to seconds (recordings/README). */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;
/** How long a refused or ambiguous transition may take to show up before the refusal is believed. */
export const DOUBT_MS = 12_000;

/** Reads until the authority is observed in `phase`, at least once; `null` when it is not within the time. */
export async function readBack(
  context: RunContext,
  situation: Situation,
  phase: Phase,
  withinMs: number,
): Promise<ClusterObservation | null> {
  const deadline = context.clock.now() + withinMs;
  for (const pause of pauses()) {
    const observation = await tryObserve(
      context,
      situation,
      { components: [], base: situation.observation },
      deadline,
    );
    const live = observation?.authorities.find(({ type }) => type === situation.step.authority);
    if (observation !== null && live !== undefined && isIn(live, phase)) return observation;
    if (context.clock.now() >= deadline) return null;
    await context.clock.sleep(pause, NEVER);
  }
  return null;
}

/** A transition that went out is always read back, even when the person wants to stop. */
const NEVER = new AbortController().signal;

function isIn(live: LiveAuthority, phase: Phase): boolean {
  return live.rotation.phase === phase && (phase === "standby") === (live.rotation.state === "standby");
}

/** How a wait for the components ended: who has not followed, as seen in the last look at everything. */
interface Followed {
  readonly laggards: readonly Laggard[];
  readonly observation: ClusterObservation;
}

/**
 * Waits until the roster and everybody in the listing is at the authority's phase, or the time is up. Polls only
 * the kinds that still lag; before it says that all have followed, it looks at everything once more, so that the
 * verdict rests on a reading newer than the transition. `tolerated` subjects lag without being waited for.
 */
export async function waitForComponents(
  context: RunContext,
  situation: Situation,
  roster: readonly RosterMember[],
  phase: Phase,
  tolerated: ReadonlySet<string>,
): Promise<Followed> {
  const { clock, signal, turnBack } = context;
  const { authority } = situation.step;
  const deadline = deadlineOf(context, situation);
  const since = iso(clock.now());
  const everything = reportedByComponents(authority) ? COMPONENT_KINDS : [];
  let kinds: readonly ComponentKind[] = everything;
  let known = situation.observation;
  let followers: readonly Follower[] = [];
  let said = "";
  for (const pause of pauses()) {
    const seen = await tryObserve(context, situation, { components: kinds, base: known }, deadline);
    if (seen !== null) {
      const whole = kinds === everything;
      known = seen;
      // What was not looked at keeps its verdict: its rows grow old here, not on the cluster.
      const fresh = followersIn(known, authority, roster, phase, clock.now(), situation.record);
      followers = [
        ...followers.filter(({ kind }) => !kinds.includes(kind)),
        ...fresh.filter(({ kind }) => kinds.includes(kind)),
      ];
      const laggards = followers
        .filter(hasNotFollowed)
        .map(({ subject, seen: message }) => ({ subject, message, since }));
      if (JSON.stringify(laggards) !== said) {
        said = JSON.stringify(laggards);
        const progress = progressOf(followers);
        const { name: cluster } = situation.cluster;
        say(context, {
          type: "waiting",
          cluster,
          authority,
          phase,
          deadline: iso(deadline),
          progress,
          laggards,
          ...probesOf(context, { ...situation, authority }, known, phase),
        });
      }
      const awaited = laggards.filter(({ subject }) => !tolerated.has(subject));
      if ((awaited.length === 0 && whole) || clock.now() >= deadline) return { laggards, observation: known };
      if (turnBack.aborted && phase !== "rollback" && phase !== "standby")
        return { laggards, observation: known };
      kinds = everything.filter((kind) => awaited.some(({ subject }) => subject.startsWith(`${kind}/`)));
      if (kinds.length === 0) {
        kinds = everything;
        continue;
      }
    }
    await clock.sleep(pause, signal);
  }
  throw new Error("the pauses never end");
}

/** The time of the phase; before the platform goes on by its own clock, where it does. */
function deadlineOf({ clock }: RunContext, { cluster, live }: Situation): number {
  const own = clock.now() + cluster.policy.phaseTimeoutMs;
  const { mode, phase, schedule } = live.rotation;
  if (mode !== "auto" || schedule === null) return own;
  const next = { init: schedule.update_clients, update_clients: schedule.update_servers }[String(phase)];
  return Math.min(own, Date.parse(next ?? schedule.standby));
}

/** A read that fails is tried again until the time is up: a wait must not end in an error over one lost call. */
async function tryObserve(
  context: RunContext,
  situation: Situation,
  scope: ObserveScope,
  deadline: number,
): Promise<ClusterObservation | null> {
  try {
    return await situation.platform.observe(scope);
  } catch (error) {
    if (!(error instanceof Failure) || context.clock.now() >= deadline || context.signal.aborted) throw error;
    say(context, {
      type: "notice",
      message: `reading ${situation.cluster.name} failed, trying again: ${error.message}`,
    });
    return null;
  }
}

/** Pauses between two looks, growing; endless. */
export function* pauses(): Generator<number> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)) yield pause;
}
