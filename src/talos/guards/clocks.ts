import { failWith } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isForward } from "../../rotation/phase.ts";
import type { Finding } from "../../rotation/plan.ts";
import { type TalosMachine, talosFacts } from "../facts.ts";

/** What certificates made here are back-dated by, less a margin (reference talos-rotation 5.2). */
const BOUND_MS = 5 * 60_000;

/**
 * Certificates of a machine start now, by its own clock: one that is behind refuses those of the others. The clocks are
 * compared with each other and with the one here, and with no time server: a cluster need not have one.
 */
export const clocks: Guard = {
  id: "clocks",
  about: "cluster",
  refuses: "a step while the clock of a machine is off, or not synchronised",
  waivable: true,
  subjects: ["machine", "clock"],
  appliesTo: ({ edge }) => isForward(edge) && edge.from !== edge.to,
  judge: ({ observation }) => {
    const talos = talosFacts(observation);
    const machines = talos?.machines ?? [];
    const ahead = machines.flatMap(({ found }) => found?.clockAheadMs ?? []);
    const middle = middleOf([0, ...ahead]);
    return failWith([...machines.flatMap((one) => judgeClock(one, middle)), ...judgeOwn(middle)]);
  },
};

/** Of an even number the one nearer to the clock here. */
function middleOf(offsets: readonly number[]): number {
  const sorted = offsets.toSorted((left, right) => left - right);
  const half = sorted.length / 2;
  const middles = [sorted[Math.ceil(half) - 1] ?? 0, sorted[Math.floor(half)] ?? 0];
  return middles.toSorted((left, right) => Math.abs(left) - Math.abs(right))[0] ?? 0;
}

function judgeClock({ address, found }: TalosMachine, middle: number): readonly Finding[] {
  if (found === null) return [];
  const subject = `machine/${address}`;
  const { clockAheadMs, timeSynced } = found;
  if (clockAheadMs === null) {
    const message = "does not say what time it is";
    return [{ subject, message, remedy: "look at `talosctl time` on it" }];
  }
  if (Math.abs(clockAheadMs - middle) > BOUND_MS) {
    const others = Math.abs(middle) > BOUND_MS ? "those of the others" : "the one here";
    const message = `its clock is ${apart(clockAheadMs - middle)} ${others}`;
    return [{ subject, message, remedy: "set it right, or synchronise it, first" }];
  }
  if (timeSynced === true) return [];
  const message =
    timeSynced === null
      ? "does not say whether its clock is synchronised"
      : "has no synchronised clock, and issues no Kubernetes certificates until it has";
  return [{ subject, message, remedy: "give it a time server that it reaches (`talosctl get timestatus`)" }];
}

/** Said once, and not of every machine. */
function judgeOwn(middle: number): readonly Finding[] {
  if (Math.abs(middle) <= BOUND_MS) return [];
  const message = `the clock of the machine that runs capstan is ${apart(-middle)} those of the cluster`;
  return [{ subject: "clock/here", message, remedy: "synchronise it: client certificates are made by it" }];
}

function apart(ms: number): string {
  return `${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? "ahead of" : "behind"}`;
}
