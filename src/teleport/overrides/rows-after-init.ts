import type { StateRow } from "./state-row.ts";

const UPDATE = ["update_clients", "update_servers"] as const;
const ROLLBACK = ["rollback"] as const;

const RESTORE_OLD = "put OLD's entry back, with the same certificate, and enable it: its key is still known";

/** The new key signs, or signed and was taken back (reference teleport-overrides 5.3, U and R). */
export const ROWS_AFTER_INIT: readonly StateRow[] = [
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
