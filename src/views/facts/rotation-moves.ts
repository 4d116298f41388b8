import type { KeyMove, RotationPlan } from "../../rotation/plan.ts";

/** A key of one CA, and what becomes of it. */
export interface NamedMove extends KeyMove {
  readonly authority: string;
}

/** What all steps of a rotation together do to its keys; a key that none of them moves stays as it is. */
export function rotationMoves({ keys, steps }: Pick<RotationPlan, "keys" | "steps">): readonly NamedMove[] {
  const moves = new Map<string, NamedMove>();
  for (const { authority, keys: moved = [] } of steps) {
    for (const move of moved) {
      const id = `${authority} ${move.fingerprint}`;
      moves.set(id, { ...move, authority, before: moves.get(id)?.before ?? move.before });
    }
  }
  const ofSteps = [...moves.values()];
  const still = keys
    .filter(({ authority }) => !ofSteps.some((move) => move.authority === authority))
    .filter(({ protocol }, _, all) => protocol === "tls" || !all.some((key) => key.protocol === "tls"))
    .map(({ authority, fingerprint, role, status }) => ({
      authority,
      fingerprint,
      role,
      before: status,
      after: status,
    }));
  return [...ofSteps, ...still];
}
