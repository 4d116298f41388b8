import type { ClusterObservation } from "../profile/profile.ts";
import type { PlatformWords } from "../profile/wording.ts";
import type { AuthorityResource, DesiredState } from "../resources/model/desired.ts";
import { isOurs } from "../rotation/evidence.ts";
import { absenceOf, type HistoryFacts, orderOf } from "../rotation/history.ts";
import { type Fingerprint, identify, type LiveAuthority, sameKeys } from "../rotation/observation.ts";
import type { Drift, Step } from "../rotation/plan.ts";
import { type ClusterRecord, openRotation, type RotationRecord } from "../rotation/record.ts";
import { writtenDate } from "../written-date.ts";

/** Live state that no resource asked for, apart from wanted change so that a reader can tell the two. */
export function driftOf(
  cluster: string,
  desired: DesiredState,
  observation: ClusterObservation,
  record: ClusterRecord,
  now: number,
): readonly Drift[] {
  const declared = desired.rotations.filter((rotation) => rotation.cluster === cluster);
  const rotated = (type: string) =>
    declared.flatMap(({ authorities }) => authorities.filter((authority) => authority.type === type));
  return [
    ...observation.authorities.flatMap((live) =>
      foreign(
        live,
        observation.profile.words,
        record,
        rotated(live.type).flatMap((a) => a.retire),
      ),
    ),
    ...desired.authorities
      .filter((authority) => authority.cluster === cluster)
      .flatMap((authority) => authorityDrift(authority, observation, rotated(authority.type), record, now)),
    ...declared.flatMap(({ authorities }) =>
      authorities
        .filter(({ type }) => !observation.authorities.some((live) => live.type === type))
        .map(({ type }) => notThere(type)),
    ),
    ...underWayAndGone(record, observation),
    ...observation.profile.drift(observation),
  ];
}

/** A commit that is not the next one: apply refuses it. A proposal will be merged first, and is only told of it. */
export function historyDrift(history: HistoryFacts | null): readonly Drift[] {
  if (history === null) return [];
  const order = orderOf(history);
  if (order.order === "in-order") return [];
  const { message, remedy } = order;
  const subject = `commit/${history.head.slice(0, 12)}`;
  return [{ id: "history", subject, message, remedy, blocks: !history.proposal }];
}

/** A rotation under way whose resource is not there, and was not seen to be deleted: it is never rolled back for that. */
export function undeclaredDrift(memory: RotationRecord, history: HistoryFacts | null): readonly Drift[] {
  const absence = absenceOf(memory, history);
  if (absence.absence === "deleted") return [];
  return [
    {
      id: "undeclared-rotation",
      subject: `rotation/${memory.name}`,
      message: `is under way (${memory.authority}), and no ca_rotation here declares it; that it was deleted is not proven: ${absence.why}`,
      remedy: `bring its resource back to let it go on; to end it, \`capstan rotate rollback ${memory.authority}\` writes the resource again from the record`,
      blocks: true,
    },
  ];
}

/** The record has a rotation of a CA that is not in the listing: that is no sign that it is over. */
function underWayAndGone(record: ClusterRecord, { authorities }: ClusterObservation): readonly Drift[] {
  return record.rotations
    .filter(
      ({ ended_at, authority }) => ended_at === null && !authorities.some(({ type }) => type === authority),
    )
    .map(({ authority, name }) => ({
      id: "authority-missing",
      subject: `rotation/${name}`,
      message: `is under way by the record, and the cluster does not list the ${authority} CA`,
      remedy: "look at it with `capstan status`; capstan's role needs `read` on cert_authority",
      blocks: true,
    }));
}

/** A rotation in progress of keys that neither a resource nor the record names: we do not fight it. */
function foreign(
  live: LiveAuthority,
  words: PlatformWords,
  record: ClusterRecord,
  retiring: readonly Fingerprint[],
): readonly Drift[] {
  const open = openRotation(record, live.type);
  // One that the record has open and that is not this one does not explain it.
  const isKnown = open !== undefined && isOurs(open, live) !== "refuted";
  if (live.rotation.state !== "in_progress" || isKnown) return [];
  const present = identify([...live.active, ...live.trusted]);
  if (retiring.some((key) => present.includes(key))) return [];
  return [
    {
      id: "foreign-rotation",
      subject: `authority/${live.type}`,
      message: `somebody rotates it (phase ${live.rotation.phase}, mode ${live.rotation.mode ?? "unknown"}, id ${live.rotation.currentId ?? "none"}); no resource and no record knows of that`,
      remedy: words.foreign(live.type),
      blocks: true,
    },
  ];
}

function authorityDrift(
  wanted: AuthorityResource,
  observation: ClusterObservation,
  rotated: readonly { readonly retire: readonly Fingerprint[] }[],
  record: ClusterRecord,
  now: number,
): readonly Drift[] {
  const live = observation.authorities.find(({ type }) => type === wanted.type);
  if (live === undefined) return [notThere(wanted.type)];
  const drift: Drift[] = [];
  const active = identify(live.active);
  const inProgress = live.rotation.state === "in_progress";
  if (!sameKeys(active, wanted.activeKeys) && !inProgress) {
    const explanation = explanationOf(wanted, rotated, record);
    drift.push({
      id: "active-keys",
      subject: `authority/${wanted.type}`,
      message: `signs with ${active.join(", ")}; git says ${wanted.activeKeys.join(", ")}${EXPLAINED[explanation]}`,
      remedy: explanation === "record" ? WRITE_IT(wanted.type) : FIND_OUT(wanted.type),
      ...(explanation === "record" ? { command: `capstan rotate finish ${wanted.type}` } : {}),
      blocks: explanation !== "record",
    });
  }
  return [...drift, ...tooOld(wanted, live, now)];
}

/**
 * What tells where the keys went that git says sign: the record saw them go; git alone wants them retired, which
 * proves neither that its rotation did it nor that it happened at all; or nothing does.
 */
type Explanation = "record" | "git" | "none";

function explanationOf(
  { type, activeKeys }: AuthorityResource,
  rotated: readonly { readonly retire: readonly Fingerprint[] }[],
  { rotations }: ClusterRecord,
): Explanation {
  if (rotations.some(({ authority, retire }) => authority === type && sameKeys(retire, activeKeys)))
    return "record";
  return rotated.some(({ retire }) => sameKeys(retire, activeKeys)) ? "git" : "none";
}

const EXPLAINED: Readonly<Record<Explanation, string>> = {
  record: "",
  git: ", and wants to retire that; it is gone, and nobody here saw it go",
  none: "",
};

const WRITE_IT = (type: string) =>
  `a rotation explains it: \`capstan rotate finish ${type}\` writes the key that signs into git`;

const FIND_OUT = (type: string) =>
  `it was not rotated from here: find out who did; then \`capstan rotate finish ${type}\` writes the key that signs into git, or \`capstan rotate start ${type}\` rotates it away`;

function tooOld(wanted: AuthorityResource, live: LiveAuthority, now: number): readonly Drift[] {
  const { maxAgeMs } = wanted;
  if (maxAgeMs === null) return [];
  return live.active
    .filter(
      ({ certificate }) => certificate !== undefined && now - Date.parse(certificate.notBefore) > maxAgeMs,
    )
    .map((key) => ({
      id: "max-age",
      subject: `key/${key.fingerprint}`,
      message: `signs for ${wanted.type} since ${writtenDate(key.certificate?.notBefore ?? "")}, longer than max_age allows`,
      remedy: `\`capstan rotate start ${wanted.type}\``,
      command: `capstan rotate start ${wanted.type}`,
      blocks: false,
    }));
}

function notThere(type: string): Drift {
  return {
    id: "authority-missing",
    subject: `authority/${type}`,
    message: "is declared in git, and the cluster does not have it",
    remedy: "check the CA type against `capstan status`; older clusters have fewer types",
    blocks: true,
  };
}

/** What keeps a step of this cluster back although its own guards pass. The way back is never kept back. */
export function heldByDrift(
  drift: readonly Drift[],
  { from, to }: Pick<Step, "from" | "to">,
): Drift | undefined {
  const goesBack = from === "rollback" || to === "rollback";
  return goesBack ? undefined : drift.find(({ blocks }) => blocks);
}
