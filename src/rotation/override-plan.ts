import type { ExercisePlan } from "./exercise-plan.ts";

/** The overrides of one CA, as `plan --format json` prints them: snake_case names are a contract. */
export interface OverridePlan {
  readonly authority: string;
  /** Where that stands; absent where none does, and in plans of before. */
  readonly source?: { readonly file: string; readonly line: number };
  /** Whether a resource in git says how they should be; if not, they are only shown and guarded. */
  readonly managed: boolean;
  /** Row of the state table, and what it says. */
  readonly row: string;
  readonly situation: string;
  readonly entries: readonly OverrideEntryPlan[];
  /** In the order in which they are made. */
  readonly actions: readonly PlannedAction[];
  /** New keys for which a certificate has to be signed before the rotation can go on. */
  readonly due: readonly CertificateDue[];
  readonly findings: readonly OverridePlanFinding[];
  /** Of keys that sign while the CA does not rotate: whether a session has shown that they are used; absent: none. */
  readonly exercises?: readonly ExercisePlan[];
  /** Nothing of `actions` is done until a person has dealt with a finding or an unmet need. */
  readonly blocked: boolean;
}

/** One key of the CA, or of an entry: what stands for it now, and what will. */
export interface OverrideEntryPlan {
  readonly key_hash: string;
  readonly key: "active" | "additional" | "orphan" | "unknown";
  readonly change: "added" | "removed" | "changed" | "unchanged";
  /** `absent` before it is added, and after it is removed. */
  readonly state: "enabled" | "staged" | "waived" | "absent";
  readonly state_wanted: "enabled" | "staged" | "waived" | "absent";
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly not_before: string | null;
  readonly not_after: string | null;
  readonly chain: readonly string[];
  /** The cluster has a revocation list for it that holds. */
  readonly crl: boolean;
  readonly fields: readonly { readonly field: string; readonly from: string; readonly to: string }[];
}

/** One call with exactly the fields that change; certificates are PEM, as they will be sent. */
export interface PlannedAction {
  /** Stable: `override/db_client/KEYHASH/update-override`. */
  readonly id: string;
  readonly key_hash: string;
  readonly call: "create-override" | "update-override" | "delete-override" | "await-crl";
  readonly purpose: string;
  readonly why: string;
  /** What it changes for those who meet the CA, and how it is undone; absent in plans of before, as is `signs`. */
  readonly disrupts?: string;
  readonly undo?: string;
  /** It changes under which certificate the CA signs. */
  readonly signs?: boolean;
  readonly moment: "now" | "after-standby";
  readonly force: boolean;
  readonly certificate?: string | null;
  readonly chain?: readonly string[];
  readonly disabled?: boolean;
  /** What a person has to state in git first; empty when nothing is missing. */
  readonly missing: readonly MissingStatement[];
}

interface MissingStatement {
  readonly statement: "waiver" | "acknowledgement";
  readonly subject: string;
  readonly remedy: string;
}

/** A key for which the external CA has to sign. */
export interface CertificateDue {
  readonly key_hash: string;
  readonly message: string;
  /** The exact next command. */
  readonly command: string;
}

/** A finding as plans print it. */
export interface OverridePlanFinding {
  readonly severity: "error" | "warning" | "info";
  readonly code: string;
  /** Where in the resource, or which key. */
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
  /** Why a review accepts it; absent where nobody does. */
  readonly waived?: string;
}
