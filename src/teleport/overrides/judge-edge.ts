import type { Edge } from "../../rotation/phase.ts";
import type { Finding } from "../../rotation/plan.ts";
import type { KeyHash } from "../../x509/spki.ts";
import { generations } from "./ca-keys.ts";
import type { EntryState } from "./ca-override.ts";
import { type CaSituation, factsOfSituation, lostOldKeys, orphansOf } from "./ca-situation.ts";
import type { RowId, StateRow } from "./state-row.ts";
import { rowFor } from "./state-table.ts";

/** What the `overrides` guard says about one move, and the row of the table that it says it by. */
export interface EdgeJudgement {
  readonly allowed: boolean;
  readonly row: StateRow;
  /** One per key that stands in the way; the subject is what a waiver names. */
  readonly findings: readonly Finding[];
}

/** The row of the state table that a CA is in. */
export function classify(situation: CaSituation): StateRow {
  return rowFor(factsOfSituation(situation));
}

/**
 * Whether a move is safe for people who trust the external CA only. `type` names the CA in the findings. A move
 * from a phase to itself asks whether the phase holds: only an incident says no to that.
 */
export function judgeEdge(situation: CaSituation, edge: Edge, type: string): EdgeJudgement {
  const rollsBack = edge.to === "rollback" && edge.from !== "rollback";
  return rollsBack ? mayRollBack(situation, type) : mayAdvance(situation, edge, type);
}

/** The same for a move forward, and for staying where it is. */
export function mayAdvance(situation: CaSituation, edge: Edge, type: string): EdgeJudgement {
  const row = classify(situation);
  const holds = edge.from === edge.to;
  const blocked = holds ? row.verdict === "incident" : !row.advance || row.verdict === "only-by-waiver";
  const findings = [
    ...(blocked ? obstacles(situation, row, type) : []),
    ...(holds ? [] : automatic(situation, row, type)),
  ];
  return { allowed: findings.length === 0, row, findings };
}

/** A rollback makes OLD sign again at once: its entry has to be there, enabled, before (reference 5.2). */
export function mayRollBack(situation: CaSituation, type: string): EdgeJudgement {
  const row = classify(situation);
  const flipped = situation.phase === "update_clients" || situation.phase === "update_servers";
  const findings = (flipped ? lostOldKeys(situation) : []).map((hash) => ({
    subject: subjectOf(type, hash),
    message: `${describe(situation.entries.get(hash))}: after a rollback it would sign without its override`,
    remedy: RESTORE,
  }));
  return { allowed: findings.length === 0, row, findings };
}

const RESTORE =
  "put the entry of this key back, with the same certificate, enabled; its key is still known, so that needs no force. If the key never had one, that can be accepted";

/** `override/db_client/<key hash>`: what findings are about, and what waivers name. */
export function subjectOf(type: string, hash: KeyHash): string {
  return `override/${type}/${hash}`;
}

function describe(state: EntryState | undefined): string {
  const words: Readonly<Record<EntryState, string>> = {
    enabled: "has an enabled override",
    staged: "has only a disabled override",
    waived: "is recorded as deliberately not overridden",
  };
  return state === undefined ? "has no override" : words[state];
}

type Obstacle = readonly [hash: KeyHash, message: string];

/**
 * Which keys are at fault, by row: the keys that the row's sentence speaks of. Not listed: new keys that
 * are not ready.
 */
const AT_FAULT: Readonly<Partial<Record<RowId, (situation: CaSituation) => readonly Obstacle[]>>> = {
  S3: ({ keys, entries }) => unlessEnabled(keys.active, entries),
  S4: orphans,
  P1: orphans,
  P2: orphans,
  I4: unwaived,
  I7: (situation) =>
    newKeys(situation).map((hash) => [hash, "has an entry that the repository does not ask for"]),
  U2: (situation) => unlessEnabled(newKeys(situation), situation.entries),
  U3: lost,
  U4: ({ faulty }) => [...faulty].map((hash) => [hash, "has an enabled override that is no good"]),
  U6: unwaived,
  R2: lost,
};

function obstacles(situation: CaSituation, row: StateRow, type: string): readonly Finding[] {
  const found = (AT_FAULT[row.id] ?? unready)(situation);
  const remedy = row.safe.join("; ");
  if (row.verdict !== "only-by-waiver" && found.length === 0) {
    return [{ subject: `authority/${type}`, message: row.sentence, remedy }];
  }
  return found.map(([hash, message]) => ({ subject: subjectOf(type, hash), message, remedy }));
}

function newKeys({ phase, keys }: CaSituation): readonly KeyHash[] {
  return generations(phase, keys).next;
}

function unlessEnabled(hashes: readonly KeyHash[], entries: CaSituation["entries"]): readonly Obstacle[] {
  return hashes
    .filter((hash) => entries.get(hash) !== "enabled")
    .map((hash) => [hash, describe(entries.get(hash))]);
}

function orphans(situation: CaSituation): readonly Obstacle[] {
  return orphansOf(situation).map((hash) => [hash, "is gone from the CA, and its entry is left"]);
}

function lost(situation: CaSituation): readonly Obstacle[] {
  return lostOldKeys(situation).map((hash) => [hash, describe(situation.entries.get(hash))]);
}

function unwaived(situation: CaSituation): readonly Obstacle[] {
  return newKeys(situation)
    .filter((hash) => situation.entries.get(hash) === "waived" && !situation.waived.has(hash))
    .map((hash) => [hash, "is recorded as deliberately not overridden, which needs a waiver with a reason"]);
}

function unready(situation: CaSituation): readonly Obstacle[] {
  const { entries, withCrl, trustAcknowledged, faulty, withdrawn } = situation;
  return newKeys(situation).flatMap((hash): readonly Obstacle[] => {
    const state = entries.get(hash);
    if (state === "waived") return [];
    if (state !== "enabled") return [[hash, describe(state)]];
    const lacks = [
      withdrawn ? "is not in the repository" : null,
      faulty.has(hash) ? "has a certificate with errors" : null,
      withCrl.has(hash) ? null : "has no revocation list yet",
      trustAcknowledged.has(hash) ? null : "is not acknowledged as trusted downstream",
    ].filter((part) => part !== null);
    return lacks.length === 0 ? [] : [[hash, `has an enabled override, which ${lacks.join(", ")}`]];
  });
}

/** On its timer Teleport walks straight into unarmed overrides (reference 5.2). */
function automatic({ mode, entries }: CaSituation, row: StateRow, type: string): readonly Finding[] {
  const overridden = [...entries.values()].some((state) => state !== "waived");
  if (mode !== "auto" || !overridden) return [];
  return [
    {
      subject: `authority/${type}`,
      message: `rotates automatically and has overrides: Teleport goes on by its timer, whether they are ready or not (${row.id})`,
      remedy: "turn the rotation to manual mode",
    },
  ];
}
