import type { Phase } from "../../rotation/phase.ts";
import type { KeyHash } from "../../x509/spki.ts";
import { type CaKeys, generations, isKnown } from "./ca-keys.ts";
import type { EntryState } from "./ca-override.ts";

/** All that the state table may ask about one CA at one moment. Sets are by key hash. */
export interface CaSituation {
  readonly phase: Phase;
  readonly keys: CaKeys;
  /** The live entries. */
  readonly entries: ReadonlyMap<KeyHash, EntryState>;
  /** Keys whose entry has a revocation list that holds. */
  readonly withCrl: ReadonlySet<KeyHash>;
  /** Keys for whose override certificate somebody has acknowledged that the world outside trusts it. */
  readonly trustAcknowledged: ReadonlySet<KeyHash>;
  /** Keys that may go without an override, by a waiver with a reason. */
  readonly waived: ReadonlySet<KeyHash>;
  /** Keys whose entry is there and no good. */
  readonly faulty: ReadonlySet<KeyHash>;
  /** Keys that were overridden when the rotation began; `null` when no record says so. */
  readonly overriddenBefore: ReadonlySet<KeyHash> | null;
  /** How many new keys the rotation has to bring: HSM clusters add them one by one. */
  readonly expectedKeys: number;
  /** How the last rotation ended, as far as a record tells. */
  readonly lastRotation: "finished" | "rolled_back" | null;
  /** The repository manages this CA's overrides, and has no entry for the new keys (any more). */
  readonly withdrawn: boolean;
  readonly mode: "manual" | "auto" | null;
}

/**
 * What the entries of a set of keys add up to.
 *
 *     none        no key has an entry              (-)
 *     waived      every key has a key-only entry   (Dk)
 *     staged      every key's entry is disabled    (Dc)
 *     enabled     every key's entry is enabled     (E)
 *     covered     every key is enabled or waived, both occur
 *     partial     some are enabled, some have none or a staged one
 *     unfinished  none is enabled, and they differ
 */
export const COVERAGES = ["none", "waived", "staged", "enabled", "covered", "partial", "unfinished"] as const;

/** What the entries of the keys of one generation add up to, by the table above. */
export type Coverage = (typeof COVERAGES)[number];

/** What the entries of these keys add up to; `none` where there are no keys. */
export function coverageOf(hashes: readonly KeyHash[], entries: ReadonlyMap<KeyHash, EntryState>): Coverage {
  const states = new Set(hashes.map((hash) => entries.get(hash) ?? "none"));
  const [only = "none"] = states;
  if (states.size <= 1) return only;
  if (!states.has("enabled")) return "unfinished";
  return states.size === 2 && states.has("waived") ? "covered" : "partial";
}

/** The questions of the state table, answered. */
export interface SituationFacts {
  readonly phase: Phase;
  readonly old: Coverage;
  readonly next: Coverage;
  /** Entries whose key is gone from the CA. */
  readonly orphans: boolean;
  readonly lastRotation: CaSituation["lastRotation"];
  /** Every new key's enabled entry has its revocation list, is acknowledged as trusted, and is without fault. */
  readonly armed: boolean;
  /** Every new key that is expected is there. */
  readonly allKeysThere: boolean;
  readonly withdrawn: boolean;
  readonly faulty: boolean;
  /** OLD was overridden when the rotation began. Without a record, what its entries still show. */
  readonly wasOverridden: boolean;
  /** OLD's entries would be in force again after a rollback. Without a record, doubt counts as no. */
  readonly wayBack: boolean;
}

/** Answers the questions of the state table; sets of keys become yes or no. */
export function factsOfSituation(situation: CaSituation): SituationFacts {
  const { phase, keys, entries, withCrl, trustAcknowledged, faulty, overriddenBefore } = situation;
  const { old, next } = generations(phase, keys);
  const enabled = (hash: KeyHash) => entries.get(hash) === "enabled";
  const enabledNext = next.filter(enabled);
  const showsOverride = old.some((hash) => ["enabled", "staged"].includes(entries.get(hash) ?? ""));
  return {
    phase,
    old: coverageOf(old, entries),
    next: coverageOf(next, entries),
    orphans: orphansOf(situation).length > 0,
    lastRotation: situation.lastRotation,
    armed: enabledNext.every((hash) => withCrl.has(hash) && trustAcknowledged.has(hash) && !faulty.has(hash)),
    allKeysThere: next.length >= situation.expectedKeys,
    withdrawn: situation.withdrawn,
    faulty: enabledNext.some((hash) => faulty.has(hash)),
    wasOverridden: overriddenBefore === null ? showsOverride : old.some((hash) => overriddenBefore.has(hash)),
    wayBack: lostOldKeys(situation).length === 0,
  };
}

/** Keys that have an entry and are gone from the CA. */
export function orphansOf({ keys, entries }: Pick<CaSituation, "keys" | "entries">): readonly KeyHash[] {
  return [...entries.keys()].filter((hash) => !isKnown(keys, hash));
}

/**
 * The old keys whose entry a rollback needs and would not find in force. Without a record a missing entry is
 * suspect as soon as anything of this CA is, or was, overridden: losing the record makes capstan stricter.
 */
export function lostOldKeys({ phase, keys, entries, overriddenBefore }: CaSituation): readonly KeyHash[] {
  const { old, next } = generations(phase, keys);
  const inForce = (hash: KeyHash) => entries.get(hash) === "enabled";
  const traces = [...old, ...next].some((hash) => ["enabled", "staged"].includes(entries.get(hash) ?? ""));
  return old.filter(
    (hash) => !inForce(hash) && (overriddenBefore === null ? traces : overriddenBefore.has(hash)),
  );
}
