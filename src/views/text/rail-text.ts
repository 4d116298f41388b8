import type { RotationPlan } from "../../rotation/plan.ts";
import { LAST_STATION, onRail, STATIONS } from "../facts/rail.ts";
import type { Paint } from "./paint.ts";

/**
 * The phases of a rotation with where it is in brackets and where git wants it behind an arrow:
 *
 *     standby ─ [init] ─▶ update_clients ─ update_servers ═ standby
 *
 * The double line is the point of no return. The way back leaves the rail, on a line of its own:
 *
 *     standby ─ [init] ─ update_clients ─ update_servers ═ standby
 *               ╰─▶ rollback ─▶ standby
 */
export function railText(
  { live_phase, desired_phase, standing }: RotationPlan,
  indent: string,
  paint: Paint,
): string {
  if (live_phase === "rollback") return `${indent}${mark("rollback", paint)} ─▶ standby`;
  const { here, end } = onRail({
    phase: live_phase,
    goal: desired_phase,
    finished: standing === "finished",
  });
  const rail = STATIONS.map((phase, index) => {
    const text = index === here ? mark(phase, paint) : index < here ? paint("dim", phase) : phase;
    if (index === 0) return text;
    const wanted = index > here && index <= end;
    const line = index === LAST_STATION ? (wanted ? "═▶" : "═") : wanted ? "─▶" : "─";
    return `${wanted ? paint("accent", line) : paint("dim", line)} ${text}`;
  }).join(" ");
  if (desired_phase !== "rollback" || here < 1) return `${indent}${rail}`;
  const before = STATIONS.slice(0, here).reduce((width, phase) => width + phase.length + " ─ ".length, 0);
  const back = `${" ".repeat(before)}╰─▶ rollback ─▶ standby`;
  return `${indent}${rail}\n${indent}${paint("accent", back)}`;
}

function mark(phase: string, paint: Paint): string {
  return paint("strong", `[${phase}]`);
}
