import type { Phase } from "../../../src/rotation/phase.ts";
import type { EntryState } from "../../../src/teleport/overrides/ca-override.ts";
import type { CaSituation } from "../../../src/teleport/overrides/ca-situation.ts";
import type { KeyHash } from "../../../src/x509/spki.ts";

/** The reference's letters: enabled, disabled with certificate, disabled with key only, no entry. */
export type Letter = "E" | "Dc" | "Dk" | "-";

const STATES: Readonly<Record<Letter, EntryState | null>> = {
  E: "enabled",
  Dc: "staged",
  Dk: "waived",
  "-": null,
};

export const OLD = ["0".repeat(64), "1".repeat(64)] as const;
export const NEW = ["a".repeat(64), "b".repeat(64)] as const;
export const ORPHAN = "f".repeat(64);

/**
 * A situation by the letters of OLD's and NEW's keys. Unless said otherwise every enabled new entry is armed,
 * nothing is known about the past, and every auth server has its new key.
 */
export function situation(
  phase: Phase,
  old: readonly Letter[],
  next: readonly Letter[] = [],
  more: Partial<CaSituation> & { readonly orphan?: Letter } = {},
): CaSituation {
  const { orphan = "-", ...rest } = more;
  const oldKeys = OLD.slice(0, old.length);
  const newKeys = NEW.slice(0, next.length);
  const flipped = phase === "update_clients" || phase === "update_servers";
  const letters: readonly (readonly [KeyHash, Letter])[] = [
    ...oldKeys.map((hash, index) => [hash, old[index] ?? "-"] as const),
    ...newKeys.map((hash, index) => [hash, next[index] ?? "-"] as const),
    [ORPHAN, orphan],
  ];
  return {
    phase,
    keys: flipped ? { active: newKeys, additional: oldKeys } : { active: oldKeys, additional: newKeys },
    entries: new Map(
      letters.flatMap(([hash, letter]) => {
        const state = STATES[letter];
        return state === null ? [] : [[hash, state] as const];
      }),
    ),
    withCrl: new Set([...OLD, ...NEW]),
    trustAcknowledged: new Set([...OLD, ...NEW]),
    waived: new Set(),
    faulty: new Set(),
    overriddenBefore: null,
    expectedKeys: old.length,
    lastRotation: null,
    withdrawn: false,
    mode: "manual",
    ...rest,
  };
}
