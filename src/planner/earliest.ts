import { waitsOf } from "../guards/haste.ts";
import { freezeAt, nextOpening } from "../guards/open-times.ts";
import { isoTime } from "../iso-time.ts";
import { typeOf } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { ClusterResource, RotationResource } from "../resources/model/desired.ts";
import { isInForce } from "../resources/model/hold.ts";
import { isForward, leavesMiddlePhase, type Phase } from "../rotation/phase.ts";
import type { RotationPlan, Step, TimeReason } from "../rotation/plan.ts";
import { type ClusterRecord, openRotation, phaseRecord } from "../rotation/record.ts";

/** What the times of the steps of one cluster follow from. */
export interface TimesInput {
  readonly cluster: ClusterResource;
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
  readonly declared: readonly RotationResource[];
  /** When the waves before let a phase of a rotation begin; `null`: nobody knows. */
  readonly wave: (rotation: string, phase: Phase) => Ready | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** When a step may be taken at the earliest, and what makes it wait; `null`: nobody knows. */
export interface Ready {
  readonly at: number;
  readonly by: TimeReason | null;
}

/**
 * The earliest time at which each step may be taken if every step before it is taken at its own, by the id of the step.
 * Only time is looked at; whether the other guards pass by then, nobody knows. The way back never waits.
 */
export function readyTimes(
  rotations: readonly RotationPlan[],
  input: TimesInput,
): ReadonlyMap<string, Ready | null> {
  const times = new Map<string, Ready | null>();
  const entered = new Map<string, number>();
  for (const rotation of rotations) {
    for (const step of rotation.steps) {
      const before = step.after === null ? undefined : times.get(step.after);
      // Behind the first step a clock goes on, which asks nobody.
      const clocked = step.after !== null && isAuto(rotation.name, input);
      const start = before === undefined ? { at: input.now, by: null } : before;
      const ready = start === null || clocked ? null : readyFrom(start, step, entered, input, rotation.name);
      times.set(step.id, ready);
      if (ready !== null) entered.set(`${step.authority} ${step.to}`, ready.at);
    }
  }
  return times;
}

/** The same plans with these times written into their steps. */
export function withTimes(
  rotations: readonly RotationPlan[],
  times: ReadonlyMap<string, Ready | null>,
  now: number,
): readonly RotationPlan[] {
  return rotations.map((rotation) => ({
    ...rotation,
    steps: rotation.steps.map((step) => {
      const ready = times.get(step.id) ?? null;
      const waits = ready !== null && ready.at > now;
      return { ...step, earliest: waits ? isoTime(ready.at) : null, earliest_by: waits ? ready.by : null };
    }),
  }));
}

function isAuto(name: string, { declared }: TimesInput): boolean {
  return declared.some((rotation) => rotation.name === name && rotation.mode === "auto");
}

function readyFrom(
  start: Ready,
  step: Step,
  entered: ReadonlyMap<string, number>,
  input: TimesInput,
  rotation: string,
): Ready | null {
  if (step.action === "verify" || !isForward(step)) return start;
  const soaks = phaseWaits(step, entered, input, rotation);
  const underWay = isUnderWay(step, input);
  // What nobody may begin may be gone on with.
  const people = underWay ? [] : holdWaits(input, rotation);
  const order = underWay ? start : input.wave(rotation, step.to);
  if (soaks === null || people === null || order === null) return null;
  const latest = [...soaks, ...people, order].reduce(
    (last, wait) => (wait.at > last.at ? wait : last),
    start,
  );
  return isWaived(step, "window") || underWay ? latest : openedAfter(latest, input.cluster);
}

/** Until when people hold the cluster or the rotation; `null`: until they say otherwise. */
function holdWaits({ cluster, declared, now }: TimesInput, rotation: string): readonly Ready[] | null {
  const ofRotation = declared.find(({ name }) => name === rotation)?.hold;
  const waits: Ready[] = [];
  for (const hold of [cluster.hold, ofRotation]) {
    if (hold === undefined || !isInForce(hold, now)) continue;
    if (hold.until === null) return null;
    waits.push({ at: Date.parse(hold.until), by: "hold" });
  }
  return waits;
}

/** Until when the phase that a step leaves has to last; `null`: since when it does is not known. */
function phaseWaits(
  step: Step,
  entered: ReadonlyMap<string, number>,
  { cluster: { policy }, observation, record, declared }: TimesInput,
  rotation: string,
): readonly Ready[] | null {
  if (!leavesMiddlePhase(step) || isWaived(step, "soak")) return [];
  const memory = openRotation(record, step.authority);
  const since = (phase: Phase) => {
    const known = phaseRecord(memory, phase)?.since;
    return entered.get(`${step.authority} ${phase}`) ?? (known === undefined ? null : Date.parse(known));
  };
  const { soakMs, sessionsMs } = waitsOf(
    policy,
    declared.find(({ name }) => name === rotation),
  );
  const waits: Ready[] = [];
  if (soakMs > 0) {
    const from = since(step.from);
    if (from === null) return null;
    waits.push({ at: from + soakMs, by: "soak" });
  }
  // Sessions of the old key end last where they began right before the new one signs.
  const { signsSessions } = typeOf(observation.profile, step.authority);
  if (signsSessions === true && step.to === "standby" && sessionsMs > 0) {
    const from = since("update_clients");
    if (from === null) return null;
    waits.push({ at: from + sessionsMs, by: "sessions" });
  }
  return waits;
}

function openedAfter(ready: Ready, { policy }: ClusterResource): Ready {
  const at = nextOpening(policy, ready.at);
  if (at === ready.at) return ready;
  const isThawed = freezeAt(policy.freezes, at - 1) !== undefined;
  return { at, by: isThawed ? "freeze" : "window" };
}

/** Only of the step at hand is there a verdict; what lets it through covers no other one. */
function isWaived({ guards }: Step, guard: string): boolean {
  return guards.some(({ id, outcome, waived }) => id === guard && outcome === "pass" && waived.length > 0);
}

/** Half-way into a phase it has begun. */
function isUnderWay({ authority, to }: Step, { observation }: TimesInput): boolean {
  return observation.authorities.some(({ type, rotation }) => type === authority && rotation.towards === to);
}
