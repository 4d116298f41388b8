import type { RotationPlan } from "../../rotation/plan.ts";
import { LAST_STATION, onRail, STATIONS } from "../facts/rail.ts";
import type { Paint } from "./paint.ts";

/**
 * The phases of a rotation with where it is in brackets and where git wants it behind an arrow:
 *
 *     standby ─ [init] ─▶ update_clients ─ update_servers ═ standby
 *
 * The double line is the point of no return.
 */
export function railText({ live_phase, desired_phase, standing }: RotationPlan, paint: Paint): string {
  if (live_phase === "rollback") return `${mark("rollback", paint)} ─▶ standby`;
  const { here, end } = onRail({
    phase: live_phase,
    goal: desired_phase,
    finished: standing === "finished",
  });
  return STATIONS.map((phase, index) => {
    const text = index === here ? mark(phase, paint) : index < here ? paint("dim", phase) : phase;
    if (index === 0) return text;
    const wanted = index > here && index <= end;
    const line = index === LAST_STATION ? (wanted ? "═▶" : "═") : wanted ? "─▶" : "─";
    return `${wanted ? paint("accent", line) : paint("dim", line)} ${text}`;
  }).join(" ");
}

function mark(phase: string, paint: Paint): string {
  return paint("strong", `[${phase}]`);
}
