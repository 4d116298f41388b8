import type { EndOfRollback } from "../profile/key-rules.ts";
import { namingKeys } from "../rotation/observation.ts";
import { type Edge, isLegalEdge, type Phase } from "../rotation/phase.ts";
import type { KeyMove, KeyPlan, KeyStanding } from "../rotation/plan.ts";

/**
 * What an edge does to the keys of one CA. What is live is read from the key sets; what comes later, from the order of
 * phases and, for a rollback, from how the platform is known to end one (`end`). Empty for an edge that no step takes.
 */
export function keyMoves(
  edge: Edge,
  live: Phase,
  keys: readonly KeyPlan[],
  end: EndOfRollback | null,
): readonly KeyMove[] {
  if (!isLegalEdge(edge)) return [];
  const { from, to } = edge;
  const undone = from === "rollback" && to === "standby";
  const moves = named(keys).map(({ fingerprint, role, status }): KeyMove => {
    const before = from === live ? status : (inPhase(role, from, end) ?? status);
    const kept = before === "trusted" && to === "standby" ? "gone" : before;
    const after = undone ? afterRollback(role, end) : inPhase(role, to, end);
    return { fingerprint, role, before, after: after ?? kept };
  });
  if (keys.some(({ role }) => role === "introduced")) return moves;
  const before = from === "standby" ? "absent" : inPhase("introduced", from, end);
  const after = undone ? afterRollback("introduced", end) : inPhase("introduced", to, end);
  if (before === null || after === null) return moves;
  return [...moves, { fingerprint: null, role: "introduced", before, after }];
}

/** `null` for a key that the rotation is not about: it stays as it is. */
function inPhase(role: KeyPlan["role"], phase: Phase, end: EndOfRollback | null): KeyStanding | null {
  if (role === "other") return null;
  const isOld = role === "retiring";
  switch (phase) {
    case "standby":
      return isOld ? "gone" : "active";
    case "init":
      return isOld ? "active" : "trusted";
    case "update_clients":
    case "update_servers":
      return isOld ? "trusted" : "active";
    case "rollback":
      return ROLLBACK[end ?? "new-key-goes"][isOld ? "old" : "new"];
  }
}

const ROLLBACK: Readonly<Record<EndOfRollback, Readonly<Record<"old" | "new", KeyStanding>>>> = {
  "new-key-goes": { old: "active", new: "trusted" },
  "old-key-goes": { old: "trusted", new: "active" },
  unclear: { old: "unknown", new: "unknown" },
};

/** Into standby nothing but what signs stays. */
function afterRollback(role: KeyPlan["role"], end: EndOfRollback | null): KeyStanding | null {
  const signs = inPhase(role, "rollback", end);
  return signs === "trusted" ? "gone" : signs;
}

/** One line for each key, not for each protocol; what has no protocol stays. */
function named(keys: readonly KeyPlan[]): readonly KeyPlan[] {
  const naming = namingKeys(keys);
  return naming.length === 0 ? keys : [...naming, ...keys.filter(({ protocol }) => protocol === null)];
}
