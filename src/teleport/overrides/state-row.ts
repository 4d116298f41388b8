import type { Phase } from "../../rotation/phase.ts";
import type { Coverage, SituationFacts } from "./ca-situation.ts";

/**
 * Names of rows, as the reference has them (teleport-overrides 5.3): S at standby, P after a rotation, I
 * at init, U while things update, R at rollback.
 */
export type RowId =
  | "S0"
  | "S1"
  | "S2"
  | "S3"
  | "S4"
  | "P1"
  | "P2"
  | "I0"
  | "I1"
  | "I2"
  | "I3"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "U0"
  | "U1"
  | "U2"
  | "U3"
  | "U4"
  | "U5"
  | "U6"
  | "R0"
  | "R1"
  | "R2";

/** What a row makes of a CA. */
export type RowVerdict =
  | "ok"
  | "ready"
  | "blocked"
  | "incident"
  | "cleanup"
  /** Allowed when every key without an override is waived, by review. */
  | "only-by-waiver";

/** A row of the table, or one of two rows with the same id where the reference tells two cases apart in words. */
export interface StateRow {
  readonly id: RowId;
  readonly when: RowPattern;
  readonly verdict: RowVerdict;
  /** Whether the override guard lets the forward move out of this phase pass. */
  readonly advance: boolean;
  /** What stands, for people. */
  readonly sentence: string;
  /** In order of preference. */
  readonly safe: readonly string[];
  readonly forbidden: readonly string[];
}

/** What a row asks for; what it does not mention may be anything. */
export interface RowPattern {
  readonly phases: readonly Phase[];
  readonly old?: readonly Coverage[];
  readonly next?: readonly Coverage[];
  readonly orphans?: boolean;
  readonly lastRotation?: SituationFacts["lastRotation"];
  readonly armed?: boolean;
  readonly allKeysThere?: boolean;
  readonly withdrawn?: boolean;
  readonly faulty?: boolean;
  readonly wasOverridden?: boolean;
  readonly wayBack?: boolean;
}
