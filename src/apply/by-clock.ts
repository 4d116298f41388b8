import { isoTime } from "../iso-time.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { GuardId } from "../rotation/plan.ts";
import { openRotation, phaseRecord } from "../rotation/record.ts";
import type { ClusterRun, RunContext } from "./context.ts";
import type { UntimedEvent } from "./emit-now.ts";
import type { ClusterSnapshot } from "./fresh-look.ts";
import { followersIn, laggingOf, waitingEvent } from "./progress.ts";

/** A rotation that the platform moves by its clock, and what it does next; nobody but capstan looks at the rest. */
export interface ClockWork {
  readonly live: LiveAuthority;
  /** When it leaves the phase, milliseconds since the epoch; `null` when it does not say. */
  readonly nextAt: number | null;
  /** How long a phase of it takes. */
  readonly phaseMs: number;
}

/** Of the rotation of this name what moves first, `null` when git does not want it automatic or nothing moves. */
export function clockWork(
  { desired }: RunContext,
  { observation }: ClusterSnapshot,
  name: string,
): ClockWork | null {
  const rotation = desired.rotations.find(
    (candidate) => candidate.name === name && candidate.cluster === observation.cluster,
  );
  if (rotation?.mode !== "auto" || rotation.phase === "rollback") return null;
  const { clock } = observation.profile;
  const moving = observation.authorities
    .filter((live) => rotation.authorities.some(({ type }) => type === live.type))
    .filter((live) => clock.next(live) !== null)
    .map((live) => ({ live, nextAt: clock.nextAt(live), phaseMs: phaseOf(live) }))
    .toSorted((left, right) => (left.nextAt ?? 0) - (right.nextAt ?? 0));
  return moving[0] ?? null;
}

/** The schedule gives every phase the same time. */
function phaseOf({ rotation: { schedule } }: LiveAuthority): number {
  return schedule === null ? 0 : Date.parse(schedule.standby) - Date.parse(schedule.update_servers);
}

/** Findings that people or time cure: with those the rotation stays where it is as long as the clock lets it. */
export const CURABLE: readonly GuardId[] = [
  "trust-consumers",
  "trusted-clusters",
  "pins",
  "hsm-keys",
  "credentials",
];

/** The server's tick comes 10 to 20 s after the time of the schedule, and a request takes a while (reference 1.7). */
const REACTION_MS = 120_000;

/** Whether there is still time for a cure before the clock goes on. */
export function mayStillBeCured({ nextAt, phaseMs }: ClockWork, now: number): boolean {
  return nextAt !== null && now < nextAt - Math.min(REACTION_MS, phaseMs / 4);
}

/** Between two looks at a rotation that the platform moves; its own tick is 10 to 20 s (reference 1.7). */
const WATCH_MS = 5_000;
const SHORTEST_WATCH_MS = 100;

/** On a clock that runs fast no phase may pass between two looks. */
export function untilNextLook({ phaseMs }: ClockWork): number {
  return Math.max(SHORTEST_WATCH_MS, Math.min(WATCH_MS, phaseMs / 8));
}

/** What is seen between two looks: when the clock goes on, who is at the phase, and what probes say. */
export function watchEvents(
  context: ClusterRun,
  snapshot: ClusterSnapshot,
  clock: ClockWork,
  name: string,
): readonly UntimedEvent[] {
  const { type, rotation } = clock.live;
  const at = clock.nextAt === null ? "some time" : isoTime(clock.nextAt);
  const to = snapshot.observation.profile.clock.next(clock.live)?.to;
  const message = `${type} stays in ${rotation.phase} until ${at}; then the platform goes on to ${to} by itself`;
  return [
    { type: "notice", cluster: context.cluster.name, message },
    waitingByClock(context, snapshot, clock, name),
  ];
}

/** Who is at the phase that the clock has brought. */
function waitingByClock(
  run: ClusterRun,
  { observation, record }: ClusterSnapshot,
  { live, nextAt }: ClockWork,
  name: string,
): UntimedEvent {
  const { phase } = live.rotation;
  const { cluster } = run;
  const authority = live.type;
  const memory = openRotation(record, authority);
  const resource =
    run.desired.rotations.find(
      (rotation) => rotation.name === name && rotation.cluster === observation.cluster,
    ) ?? null;
  const now = run.clock.now();
  const roster = memory?.roster ?? [];
  const followers = followersIn(observation, authority, roster, phase, now, record);
  const since = phaseRecord(memory, phase)?.since ?? observation.observedAt;
  const lagging = laggingOf(followers, resource, roster, { now, since });
  const seen = { ...lagging, followers, observation, deadline: nextAt ?? now };
  return waitingEvent(run, { cluster, authority, resource, record }, phase, seen);
}
