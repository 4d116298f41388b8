import type { Phase } from "../../rotation/phase.ts";
import type { Coverage, Facts } from "./ca-situation.ts";

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
  readonly when: Pattern;
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
interface Pattern {
  readonly phases: readonly Phase[];
  readonly old?: readonly Coverage[];
  readonly next?: readonly Coverage[];
  readonly orphans?: boolean;
  readonly lastRotation?: Facts["lastRotation"];
  readonly armed?: boolean;
  readonly allKeysThere?: boolean;
  readonly withdrawn?: boolean;
  readonly faulty?: boolean;
  readonly wasOverridden?: boolean;
  readonly wayBack?: boolean;
}

const STANDBY = ["standby"] as const;
const INIT = ["init"] as const;
const UPDATE = ["update_clients", "update_servers"] as const;
const ROLLBACK = ["rollback"] as const;

/** A CA is overridden when any of its signing keys has an enabled entry. */
const OVERRIDDEN = ["enabled", "covered", "partial"] as const;

const RESTORE_OLD = "put OLD's entry back, with the same certificate, and enable it: its key is still known";

/**
 * Reference 5.3, row by row; the first row that fits counts, so the order within a phase matters. Three rows are
 * not in the reference, so that every situation has one: U0 and R0 (nothing overridden), U6 (gone on by waiver).
 */
export const STATE_TABLE: readonly StateRow[] = [
  {
    id: "S3",
    when: { phases: STANDBY, old: ["partial", "covered"] },
    verdict: "blocked",
    advance: false,
    sentence:
      "Some active keys are overridden and some are not: which issuer people see depends on the auth server.",
    safe: ["complete the missing entries", "or disable all"],
    forbidden: ["start a rotation"],
  },
  {
    id: "P1",
    when: { phases: STANDBY, old: ["enabled"], orphans: true, lastRotation: "finished" },
    verdict: "cleanup",
    advance: false,
    sentence: "The rotation is over; the entry of the old key is left.",
    safe: [
      "remove OLD's entry from git and from the cluster",
      "later withdraw the trust in OLD's certificate downstream",
    ],
    forbidden: ["tctl create -f with OLD's entry in the file"],
  },
  {
    id: "P2",
    when: { phases: STANDBY, old: ["enabled"], orphans: true, lastRotation: "rolled_back" },
    verdict: "cleanup",
    advance: false,
    sentence: "The rotation was rolled back; the entry of the new key is left.",
    safe: ["remove NEW's entry from git and from the cluster"],
    forbidden: ["tctl create -f with NEW's entry in the file"],
  },
  {
    id: "S4",
    when: { phases: STANDBY, orphans: true },
    verdict: "cleanup",
    advance: false,
    sentence: "There is an entry for a key that the CA no longer has.",
    safe: ["delete the orphan; that needs no force"],
    forbidden: ["edit the orphan's certificate", "re-create the resource while the orphan is listed"],
  },
  {
    id: "S2",
    when: { phases: STANDBY, old: ["enabled"] },
    verdict: "ok",
    advance: true,
    sentence: "The CA is overridden.",
    safe: [
      "renew the certificate in place; that needs no force",
      "start a rotation, if the external CA can sign in time",
    ],
    forbidden: ["disable or delete the entry before everybody trusts the self-signed certificate"],
  },
  {
    id: "S1",
    when: { phases: STANDBY, old: ["staged", "unfinished"] },
    verdict: "ok",
    advance: true,
    sentence: "An override is staged; the self-signed certificate is in use.",
    safe: [
      "see that the revocation list is there and that everybody trusts the external CA, then enable",
      "or delete the entry",
    ],
    forbidden: ["enable before everybody trusts the external CA"],
  },
  {
    id: "S0",
    when: { phases: STANDBY },
    verdict: "ok",
    advance: true,
    sentence: "Nothing is overridden.",
    safe: ["fetch a CSR", "add its certificate, disabled"],
    forbidden: [],
  },

  {
    id: "I1",
    when: { phases: INIT, old: OVERRIDDEN, next: ["none"] },
    verdict: "blocked",
    advance: false,
    sentence: "The new key has no override: at update_clients Teleport would silently sign without one.",
    safe: [
      "fetch the CSR of the new key (capstan override csr), have it signed, add it",
      "or roll back",
      "or record the key as waived, once everybody trusts its self-signed certificate",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I1",
    when: { phases: INIT, old: OVERRIDDEN, withdrawn: true },
    verdict: "blocked",
    advance: false,
    sentence:
      "The repository asks for no override of the new key: at update_clients Teleport would silently sign without one.",
    safe: [
      "put NEW's entry back into the repository",
      "or delete it from the cluster, which needs no force, and roll back",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I6",
    when: { phases: INIT, old: OVERRIDDEN, next: ["partial", "unfinished"] },
    verdict: "blocked",
    advance: false,
    sentence: "Not every new key has an enabled override.",
    safe: ["fetch the missing CSRs, have them signed, add and enable them", "or roll back"],
    forbidden: ["update_clients"],
  },
  {
    id: "I6",
    when: { phases: INIT, old: OVERRIDDEN, allKeysThere: false },
    verdict: "blocked",
    advance: false,
    sentence: "Not every auth server has added its new key yet.",
    safe: ["wait for the keys, then fetch their CSRs", "or roll back"],
    forbidden: ["update_clients"],
  },
  {
    id: "I2",
    when: { phases: INIT, old: OVERRIDDEN, next: ["staged"] },
    verdict: "blocked",
    advance: false,
    sentence: "The override of the new key is staged, not enabled.",
    safe: [
      "have the new certificate trusted downstream (windows: published in NTAuth) and acknowledge it",
      "see that its revocation list is there, then enable",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I2",
    when: { phases: INIT, old: OVERRIDDEN, next: ["enabled", "covered"], armed: false },
    verdict: "blocked",
    advance: false,
    sentence:
      "The override of the new key is enabled, but its revocation list, its trust downstream or its certificate is not in order.",
    safe: [
      "have the new certificate trusted downstream (windows: published in NTAuth) and acknowledge it",
      "wait for its revocation list",
      "renew it if the certificate is at fault",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I3",
    when: { phases: INIT, old: OVERRIDDEN, next: ["enabled"], armed: true },
    verdict: "ready",
    advance: true,
    sentence: "Every new key has an override that is enabled, has its revocation list and is trusted.",
    safe: ["update_clients, by hand"],
    forbidden: ["touch OLD's entry"],
  },
  {
    id: "I4",
    when: { phases: INIT, old: OVERRIDDEN, next: ["waived", "covered"] },
    verdict: "only-by-waiver",
    advance: true,
    sentence: "A new key is recorded as deliberately not overridden.",
    safe: ["update_clients, with a waiver for this key"],
    forbidden: ["touch OLD's entry"],
  },
  {
    id: "I7",
    when: { phases: INIT, next: ["staged", "enabled", "covered", "partial", "unfinished"], withdrawn: true },
    verdict: "ok",
    advance: false,
    sentence: "The new key has an override that the repository no longer asks for.",
    safe: ["disable or delete NEW's entry; that needs no force", "or roll back"],
    forbidden: ["update_clients before the entry is gone"],
  },
  {
    id: "I5",
    when: { phases: INIT, next: ["enabled", "covered"], armed: true },
    verdict: "ready",
    advance: true,
    sentence: "The rotation brings the override: the new key's is enabled, the old key has none.",
    safe: ["update_clients, by hand: people must trust OLD's self-signed certificate and NEW's override"],
    forbidden: [],
  },
  {
    id: "I5",
    when: { phases: INIT, next: ["staged", "enabled", "covered", "partial", "unfinished"] },
    verdict: "blocked",
    advance: false,
    sentence: "The rotation brings the override, which is not ready yet.",
    safe: ["have it trusted downstream, wait for its revocation list, enable it", "or delete NEW's entry"],
    forbidden: ["update_clients before it is enabled"],
  },
  {
    id: "I0",
    when: { phases: INIT },
    verdict: "ok",
    advance: true,
    sentence: "Nothing is overridden.",
    safe: ["go on"],
    forbidden: [],
  },

  {
    id: "U2",
    when: {
      phases: UPDATE,
      wasOverridden: true,
      wayBack: true,
      next: ["none", "staged", "partial", "unfinished"],
    },
    verdict: "incident",
    advance: false,
    sentence: "The new key signs without its override: who trusts only the external CA refuses it now.",
    safe: ["add and enable NEW's override now", "or roll back"],
    forbidden: ["go on"],
  },
  {
    id: "U2",
    when: { phases: UPDATE, wasOverridden: true, next: ["none", "staged", "partial", "unfinished"] },
    verdict: "incident",
    advance: false,
    sentence:
      "The new key signs without its override, and OLD's is gone too: who trusts only the external CA refuses both.",
    safe: ["add and enable NEW's override now", RESTORE_OLD],
    forbidden: ["go on", "roll back before OLD's entry is back"],
  },
  {
    id: "U4",
    when: { phases: UPDATE, next: ["enabled", "covered"], faulty: true, wayBack: true },
    verdict: "incident",
    advance: false,
    sentence: "The new key's override is in force, and it is no good.",
    safe: ["replace its certificate; that needs no force", "or roll back"],
    forbidden: ["go on"],
  },
  {
    id: "U4",
    when: { phases: UPDATE, next: ["enabled", "covered"], faulty: true },
    verdict: "incident",
    advance: false,
    sentence: "The new key's override is in force, and it is no good; OLD's entry is missing.",
    safe: ["replace its certificate; that needs no force", RESTORE_OLD],
    forbidden: ["go on", "roll back before OLD's entry is back"],
  },
  {
    id: "U3",
    when: { phases: UPDATE, wayBack: false },
    verdict: "blocked",
    advance: false,
    sentence: "There is no safe way back: OLD's entry is missing or disabled.",
    safe: [RESTORE_OLD, "then go on"],
    forbidden: ["roll back before OLD's entry is back"],
  },
  {
    id: "U6",
    when: { phases: UPDATE, wasOverridden: true, next: ["waived", "covered"] },
    verdict: "only-by-waiver",
    advance: true,
    sentence: "A new key signs without an override, by decision.",
    safe: ["go on, with a waiver for this key", "or roll back"],
    forbidden: ["delete or disable OLD's entry"],
  },
  {
    id: "U1",
    when: { phases: UPDATE, wasOverridden: true },
    verdict: "ok",
    advance: true,
    sentence: "Old and new key are overridden.",
    safe: ["see that sessions work", "next phase"],
    forbidden: ["delete or disable OLD's entry: the server allows it, a rollback would break"],
  },
  {
    id: "U5",
    when: { phases: UPDATE, next: ["enabled", "covered", "partial"] },
    verdict: "ok",
    advance: true,
    sentence: "The rotation has brought the override; the old key had none.",
    safe: ["go on", "a rollback returns to OLD's self-signed certificate"],
    forbidden: [],
  },
  {
    id: "U0",
    when: { phases: UPDATE },
    verdict: "ok",
    advance: true,
    sentence: "Nothing is overridden.",
    safe: ["go on"],
    forbidden: [],
  },

  {
    id: "R2",
    when: { phases: ROLLBACK, wayBack: false },
    verdict: "incident",
    advance: false,
    sentence:
      "The old key signs again, without its override: who trusts only the external CA refuses it now.",
    safe: ["add or enable OLD's entry now"],
    forbidden: ["standby before it works again"],
  },
  {
    id: "R1",
    when: { phases: ROLLBACK, wasOverridden: true },
    verdict: "ok",
    advance: true,
    sentence: "The old key signs again, with its override.",
    safe: ["wait, see that sessions work", "delete NEW's entries; that needs no force", "then standby"],
    forbidden: ["enable NEW's entry"],
  },
  {
    id: "R0",
    when: { phases: ROLLBACK },
    verdict: "ok",
    advance: true,
    sentence: "The old key signs again; it was not overridden.",
    safe: ["delete NEW's entries, if there are any", "then standby"],
    forbidden: ["enable NEW's entry"],
  },
];

/** The first row that fits. The table is complete: every situation has one. */
export function rowFor(facts: Facts): StateRow {
  const row = STATE_TABLE.find(({ when }) => matches(when, facts));
  if (row === undefined) throw new Error(`the state table has no row for ${JSON.stringify(facts)}`);
  return row;
}

function matches({ phases, old, next, ...equal }: Pattern, facts: Facts): boolean {
  return (
    phases.includes(facts.phase) &&
    (old?.includes(facts.old) ?? true) &&
    (next?.includes(facts.next) ?? true) &&
    Object.entries(equal).every(([fact, value]) => facts[fact as keyof Facts] === value)
  );
}
