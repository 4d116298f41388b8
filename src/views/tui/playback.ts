import type { RunEvent } from "../../apply/event.ts";
import { planFingerprint } from "../../planner/saved/fingerprint.ts";
import type { Plan } from "../../rotation/plan.ts";
import { hear } from "../run/hear.ts";
import { type Run, startRun } from "../run/run-state.ts";
import { TICK_MS } from "./gate.ts";
import { type Key, type Replay, type State, wholeSeconds, withPlan } from "./state.ts";

const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 200] as const;

/** Nobody watches nothing happen for longer, milliseconds of the person's time. */
const LONGEST_PAUSE_MS = 2_000;

/** Until the events of a replay bring theirs. */
export const NO_PLAN: Plan = {
  format_version: "1.1",
  outcome: "no_changes",
  verdict: "nothing_to_do",
  commit: null,
  fingerprint: planFingerprint([]),
  clusters: [],
};

export function startReplay(events: readonly RunEvent[], speed: number): Replay {
  const [first] = events;
  return { events, played: 0, clock: first === undefined ? 0 : Date.parse(first.at), speed, paused: false };
}

/** A tick of the person's time passes: so much more of the run's time, and the events that fall into it. */
export function playOn(state: State, replay: Replay): State {
  const next = replay.events[replay.played];
  if (replay.paused || next === undefined) return state;
  const due = Date.parse(next.at);
  const longest = LONGEST_PAUSE_MS * replay.speed;
  const clock = Math.max(replay.clock + TICK_MS * replay.speed, due - longest);
  let played = replay.played;
  while (played < replay.events.length && Date.parse(replay.events[played]?.at ?? "") <= clock) played += 1;
  return at(state, { ...replay, clock }, played);
}

/** Keys that only a replay has; `null` for all others. */
export function playKey(state: State, replay: Replay, { name }: Key): State | null {
  switch (name) {
    case " ":
      return { ...state, replay: { ...replay, paused: !replay.paused } };
    case ".":
      return step(state, replay, replay.played + 1);
    case ",":
      return step(state, replay, replay.played - 1);
    case "+":
    case "-": {
      const speeds =
        name === "+"
          ? SPEEDS.filter((one) => one > replay.speed)
          : SPEEDS.filter((one) => one < replay.speed);
      const speed = (name === "+" ? speeds[0] : speeds.at(-1)) ?? replay.speed;
      return { ...state, replay: { ...replay, speed } };
    }
    default:
      return null;
  }
}

/** One event on or back; what goes on by itself would run away from it. */
function step(state: State, replay: Replay, wanted: number): State {
  const played = Math.min(Math.max(wanted, 0), replay.events.length);
  const last = replay.events[Math.max(0, played - 1)];
  const clock = last === undefined ? replay.clock : Date.parse(last.at);
  return at(state, { ...replay, clock, paused: true }, played);
}

function at(state: State, replay: Replay, played: number): State {
  const { events } = replay;
  const forward = played >= replay.played;
  const known: Run = forward ? state.run : startRun(NO_PLAN);
  const missing = events.slice(forward ? replay.played : 0, played);
  const run = missing.reduce(hear, known);
  const plan = missing.findLast((event) => event.type === "plan")?.plan ?? state.plan;
  return withPlan({ ...state, replay: { ...replay, played }, now: wholeSeconds(replay.clock), run }, plan);
}
