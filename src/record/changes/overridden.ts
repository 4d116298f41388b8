import type { Fingerprint } from "../../rotation/observation.ts";
import type { ClusterRecord } from "../../rotation/record.ts";
import type { SessionEvidence } from "../../rotation/session-evidence.ts";

/** The record after the overrides of a CA were seen: one that was away in between begins anew. `now`: ISO 8601. */
export function overridesSeen(
  record: ClusterRecord,
  authority: string,
  keys: readonly Fingerprint[],
  now: string,
): ClusterRecord {
  const known = record.overrides ?? [];
  const mine = keys.map(
    (key) =>
      known.find((one) => one.authority === authority && one.key === key) ?? { authority, key, since: now },
  );
  const overrides = [...known.filter((one) => one.authority !== authority), ...mine];
  return overrides.length === 0 && record.overrides === undefined ? record : { ...record, overrides };
}

/** Sessions are few, and only the newest of them count. */
const KEPT = 50;

/** The record once sessions were seen to begin, each once, in the order of their beginning. */
export function sessionsSeen(record: ClusterRecord, sessions: readonly SessionEvidence[]): ClusterRecord {
  if (sessions.length === 0) return record;
  const isNew = ({ session, authority }: SessionEvidence) =>
    !sessions.some((one) => one.session === session && one.authority === authority);
  const all = [...(record.sessions ?? []).filter(isNew), ...sessions];
  const sorted = all.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return { ...record, sessions: sorted.slice(-KEPT) };
}
