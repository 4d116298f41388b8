import type { Phase } from "../../rotation/phase.ts";
import type { RotationPlan } from "../../rotation/plan.ts";
import type { Paint } from "./paint.ts";

const FORWARD: readonly string[] = ["standby", "init", "update_clients", "update_servers", "standby"];

/**
 * The phases of a rotation with where it is in brackets and where git wants it behind an arrow:
 *
 *     standby ─ [init] ─▶ update_clients ─ update_servers ═ standby
 *
 * The double line is the point of no return.
 */
export function railText(rotation: RotationPlan, paint: Paint): string {
  const done = rotation.standing === "finished";
  if (rotation.live_phase === "rollback") return `${mark("rollback", paint)} ─▶ standby`;
  const at = done ? FORWARD.length - 1 : FORWARD.indexOf(rotation.live_phase);
  const goal = goalOf(rotation.desired_phase);
  return FORWARD.map((phase, index) => {
    const text = index === at ? mark(phase, paint) : index < at ? paint("dim", phase) : phase;
    if (index === 0) return text;
    const wanted = index > at && index <= goal;
    const line = index === FORWARD.length - 1 ? (wanted ? "═▶" : "═") : wanted ? "─▶" : "─";
    return `${wanted ? paint("accent", line) : paint("dim", line)} ${text}`;
  }).join(" ");
}

function mark(phase: string, paint: Paint): string {
  return paint("strong", `[${phase}]`);
}

function goalOf(phase: Phase): number {
  if (phase === "rollback") return -1;
  return phase === "standby" ? FORWARD.length - 1 : FORWARD.indexOf(phase);
}
