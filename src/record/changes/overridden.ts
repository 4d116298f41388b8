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

/** Only the newest of each key count: those of one key do not crowd out what proves another. */
const KEPT_OF_EACH = 10;

/** More keys than that no CA has. */
const KEPT = 200;

/** The record once sessions were seen to begin, each once, in the order of their beginning. */
export function sessionsSeen(record: ClusterRecord, sessions: readonly SessionEvidence[]): ClusterRecord {
  if (sessions.length === 0) return record;
  const isNew = ({ session, authority }: SessionEvidence) =>
    !sessions.some((one) => one.session === session && one.authority === authority);
  const all = [...(record.sessions ?? []).filter(isNew), ...sessions];
  const inOrder = (some: readonly SessionEvidence[]) =>
    some.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  const ofEach = Map.groupBy(inOrder(all), ({ authority, cluster, key }) => `${authority} ${cluster} ${key}`);
  const newest = [...ofEach.values()].flatMap((same) => same.slice(-KEPT_OF_EACH));
  return { ...record, sessions: inOrder(newest).slice(-KEPT) };
}
