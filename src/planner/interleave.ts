import { rankOfEdge } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";
import type { Move } from "./rotation-member.ts";
import { isHeld } from "./startable.ts";

/**
 * The steps of several authorities of one rotation, phase by phase: nobody enters a phase before all have left the
 * one before it, and where one cannot go on, none does. A look at a phase comes with the moves into it. Within a phase the order is that of the rotation: db first,
 * as its servers must have certificates of the new key before clients show them (reference teleport-rotation 2.2).
 */
export function together(perAuthority: readonly (readonly Move[])[]): readonly Move[] {
  const ordered = perAuthority.flat().toSorted((left, right) => rankOfEdge(left) - rankOfEdge(right));
  const [first] = ordered;
  if (first === undefined || perAuthority.filter((moves) => moves.length > 0).length < 2) return ordered;
  const now = ordered.filter((move) => rankOfEdge(move) === rankOfEdge(first));
  return ordered.map((move, index) => {
    if (now.includes(move)) return withPartners(move, now);
    // Judged when the others have left the phase before it.
    const before = ordered[index - 1];
    return move.after === null && before !== undefined ? { ...move, after: before.id, guards: [] } : move;
  });
}

/** Held where a partner is held: a pair that is apart is one outage away from being lost. */
function withPartners(move: Move, moves: readonly Move[]): Move {
  if (move.action === "verify" || move.to === "rollback") return move;
  const failing = moves.filter((other) => other.authority !== move.authority && other.guards.some(isFailing));
  if (failing.length === 0) return move;
  const findings = failing.map((other) => held(other));
  const guards = move.guards.filter(({ id }) => id !== "exclusive");
  if (failing.some(isHeld))
    return { ...move, guards: [...guards, { id: "exclusive", outcome: "fail", findings, waived: [] }] };
  // Only an approval of its own lets the other one go: then both need it, as one decision.
  const approvable = findings.map((finding) => ({ ...finding, approvable: true as const }));
  const unaccounted = new Set([move, ...failing].flatMap((one) => one.unaccounted ?? []));
  return {
    ...move,
    reversible: false,
    point_of_no_return: true,
    unaccounted: [...unaccounted],
    guards: [...guards, { id: "exclusive", outcome: "fail", findings: approvable, waived: [] }],
  };
}

function held({ authority, guards }: Move): Finding {
  const ids = guards.filter(isFailing).map(({ id }) => id);
  return {
    subject: `authority/${authority}`,
    message: `moves together with it, and is held by ${ids.join(", ")}`,
    remedy: `deal with what holds ${authority}`,
  };
}

function isFailing({ outcome }: Move["guards"][number]): boolean {
  return outcome !== "pass";
}
