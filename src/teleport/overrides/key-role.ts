import type { Phase } from "../../rotation/phase.ts";
import type { KeyHash } from "../../x509/spki.ts";
import { type CaKeys, generations, isKnown } from "./ca-keys.ts";
import type { CaOverride, OverrideEntry } from "./ca-override.ts";
import { crlProblem, keysWithCrl } from "./crl.ts";

/** One CA, what git and the cluster say of its entries, and how far its rotation is. */
export interface ActionInputs {
  readonly desired: CaOverride;
  /** `emptyOverride` where the cluster has none. */
  readonly live: CaOverride;
  readonly keys: CaKeys;
  readonly phase: Phase;
  /** Where the repository wants the rotation to be; `null` without a rotation. */
  readonly goal: Phase | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A key, and what this rotation makes of it. */
export interface KeyRole extends ActionInputs {
  readonly keyHash: KeyHash;
  readonly before: OverrideEntry | undefined;
  readonly after: OverrideEntry | undefined;
  readonly known: boolean;
  /** Disabling or dropping its entry changes what people see at once. */
  readonly inForce: boolean;
  /** A rotation is under way, and a rollback would need this entry as it is. */
  readonly neededForRollback: boolean;
  readonly generation: "old" | "next" | "gone";
  readonly hasCrl: boolean;
}

/** The role of one key, whether it has an entry or not. */
export function roleOf(context: ActionInputs, keyHash: KeyHash): KeyRole {
  const { desired, live, keys, phase, now } = context;
  const { old, next } = generations(phase, keys);
  const before = live.entries.get(keyHash);
  return {
    ...context,
    keyHash,
    before,
    after: desired.entries.get(keyHash),
    known: isKnown(keys, keyHash),
    inForce: before?.state === "enabled" && keys.active.includes(keyHash),
    neededForRollback: before?.state === "enabled" && phase !== "standby" && old.includes(keyHash),
    generation: old.includes(keyHash) ? "old" : next.includes(keyHash) ? "next" : "gone",
    hasCrl: keysWithCrl(live, now).has(keyHash),
  };
}

/**
 * Whether the revocation list of a live entry no longer holds: then no write passes that would have to
 * make it anew.
 */
export function isStuck({ keyHash, certificate }: OverrideEntry, live: CaOverride, now: number): boolean {
  return certificate !== null && crlProblem(live.crls.get(keyHash), certificate, now) !== null;
}
