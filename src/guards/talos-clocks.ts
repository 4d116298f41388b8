import type { Finding } from "../rotation/plan.ts";
import type { TalosMachine } from "../talos/facts.ts";
import { failWith, type Guard, isForward } from "./guard.ts";

/** What certificates made here are back-dated by, less a margin (reference talos-rotation 5.2). */
const BOUND_MS = 5 * 60_000;

/** Certificates of a machine start now, by its own clock: one that is behind refuses those of the others. */
export const talosClocks: Guard = {
  id: "clocks",
  refuses: "a step while the clock of a machine is off, or not synchronised",
  waivable: true,
  appliesTo: ({ edge, observation }) =>
    observation.platform === "talos" && isForward(edge) && edge.from !== edge.to,
  judge: ({ observation: { talos } }) => failWith((talos?.machines ?? []).flatMap(judgeClock)),
};

function judgeClock({ address, found }: TalosMachine): readonly Finding[] {
  if (found === null) return [];
  const subject = `machine/${address}`;
  const { clockAheadMs, timeSynced } = found;
  if (clockAheadMs === null) {
    const message = "does not say what time it is";
    return [
      { subject, message, remedy: "look at `talosctl time` on it; then waive `clocks` for this subject" },
    ];
  }
  if (Math.abs(clockAheadMs) > BOUND_MS) {
    const direction = clockAheadMs > 0 ? "ahead of" : "behind";
    const message = `its clock is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${direction} the one here`;
    return [{ subject, message, remedy: "synchronise both clocks first" }];
  }
  if (timeSynced !== false) return [];
  const message = "has no synchronised clock, and issues no Kubernetes certificates until it has";
  return [{ subject, message, remedy: "give it a time server that it reaches (`talosctl get timestatus`)" }];
}
