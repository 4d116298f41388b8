import type { Finding } from "../../rotation/plan.ts";
import type { KeyHash } from "../../x509/spki.ts";
import type { CaSituation } from "./ca-situation.ts";

/**
 * What the `overrides` guard is told about one CA: how its entries will be once the actions of this plan are done,
 * which apply makes before any step. `expectedKeys`, phase and keys are the guard's own to see.
 */
export interface OverrideOutlook
  extends Pick<
    CaSituation,
    "entries" | "withCrl" | "trustAcknowledged" | "waived" | "faulty" | "lastRotation" | "withdrawn"
  > {
  /** Why nothing certain can be said, or `null`. */
  readonly unknown: string | null;
  /** What stands against going on whatever the state table says: errors of the resource, unmet needs. */
  readonly obstacles: readonly Finding[];
}

/** By CA type; types that are not in it were not looked at. */
export type OverrideOutlooks = ReadonlyMap<string, OverrideOutlook>;

/** For a CA whose cluster cannot override anything. */
export function nothingOverridden(): OverrideOutlook {
  const none: ReadonlySet<KeyHash> = new Set();
  return {
    entries: new Map(),
    withCrl: none,
    trustAcknowledged: none,
    waived: none,
    faulty: none,
    lastRotation: null,
    withdrawn: false,
    unknown: null,
    obstacles: [],
  };
}
