import type { EndOfRollback } from "../profile/key-rules.ts";
import type { ClusterObservation, PlatformProfile } from "../profile/profile.ts";
import { BY_HAND } from "../record/changes/ended.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import type { Fingerprint } from "../rotation/observation.ts";
import { type Edge, isPointOfNoReturn, type Phase } from "../rotation/phase.ts";
import { writtenDate } from "../written-date.ts";
import type { Member, Move, RotationContext } from "./rotation-member.ts";
import { rolledBack } from "./rotation-standing.ts";
import { wordingOf } from "./wording.ts";

/** A step that cannot be taken whatever the components say; the pawl that holds it is the phase order. */
export function refusal(
  name: string,
  { live }: Member,
  to: Phase,
  profile: PlatformProfile,
  reason: { readonly subject: string; readonly message: string; readonly remedy: string },
): Move {
  const edge: Edge = { from: live.rotation.phase, to };
  return {
    id: `${name}/${live.type}/${edge.from}-${to}`,
    action: "rotate",
    authority: live.type,
    ...edge,
    ...wordingOf(edge, live.type, profile),
    reversible: !isPointOfNoReturn(edge),
    point_of_no_return: isPointOfNoReturn(edge),
    after: null,
    guards: [{ id: "phase-order", outcome: "fail", findings: [reason], waived: [] }],
  };
}

/** Only some of the keys to be retired are there. */
export function keysUnclear({ wanted, live }: Member) {
  return {
    subject: `authority/${live.type}`,
    message: `the keys to be retired (${wanted.retire.join(", ")}) are neither all of the active keys nor all gone`,
    remedy: "compare with `capstan status`, and name exactly the active keys under `retire`",
  };
}

/** A rotation is under way, and it is not one of these keys: neither the record nor git knows of it. */
export function anothersRotation({ wanted, live }: Member) {
  const { phase, mode, currentId } = live.rotation;
  return {
    subject: `authority/${live.type}`,
    message: `somebody rotates it (phase ${phase}, mode ${mode ?? "unknown"}, id ${currentId ?? "none"}), and none of the keys to be retired (${wanted.retire.join(", ")}) is among its keys: this is not the rotation that git means`,
    remedy:
      "find out who started it; let it end, or roll it back by hand. Then correct `retire`, or delete the ca_rotation",
  };
}

/** The key to be retired is the one that the rotation under way brings, or another one of its keys. */
export function retiresOther({ wanted, live }: Member, retired: readonly Fingerprint[]) {
  return {
    subject: `authority/${live.type}`,
    message: `is in ${live.rotation.phase} of a rotation that retires ${retired.join(", ")}, and not ${wanted.retire.join(", ")}, which is among its keys too: this is not the rotation that git means`,
    remedy: `let the rotation that is under way end first: name ${retired.join(", ")} under \`retire\` to go on with it, or \`capstan rotate rollback ${live.type}\``,
  };
}

/** The keys to be retired were never seen in this CA. */
export function neverSeen({ live, unseen }: Member, { observation }: RotationContext) {
  const owners = ownersOf(unseen, observation);
  const whose =
    owners.length === 0 ? "" : `; ${owners.join(" and ")} ${owners.length === 1 ? "has" : "have"} it`;
  return {
    subject: `authority/${live.type}`,
    message: `${unseen.join(", ")} was never seen in the ${live.type} CA: it is neither among its keys, nor in its active_keys in git, nor in the record here${whose}`,
    remedy: `correct \`retire\` or \`type\`. Where others rotated that key away, \`capstan rotate finish ${live.type}\` writes so into git, and \`capstan rotate start ${live.type}\` rotates the key that signs now`,
  };
}

/** The CAs that have one of these keys now. */
export function ownersOf(
  keys: readonly Fingerprint[],
  { authorities }: ClusterObservation,
): readonly string[] {
  return authorities
    .filter(({ active, trusted }) =>
      [...active, ...trusted].some(({ fingerprint }) => keys.includes(fingerprint)),
    )
    .map(({ type }) => type);
}

/** A rollback after the old key is gone. */
export function tooLate({ live, wanted }: Member, { words }: PlatformProfile) {
  return {
    subject: `authority/${live.type}`,
    message: `cannot be rolled back: ${wanted.retire.join(", ")} is gone from its keys`,
    remedy: words.tooLate(live.type),
  };
}

/** The other half of a pair was turned back. */
export function partnerTurnedBack({ live }: Member) {
  return {
    subject: `authority/${live.type}`,
    message: "does not start: what it moves together with was turned back",
    remedy: "remove the cause, start the rotation again with a reason, and commit",
  };
}

/** Only the record knows that capstan itself turned back; else git has to say that it wants the way out. */
export function rollingBack(end: EndOfRollback) {
  return {
    subject: "phase/rollback",
    message: `the cluster is rolling back; from there the only way is to standby ${STANDBY_WITH[end]}`,
    remedy: "set `phase: rollback` to finish the rollback, then start the rotation again",
  };
}

/** With which key a rollback ends, read from the key sets. */
export const STANDBY_WITH: Readonly<Record<EndOfRollback, string>> = {
  "new-key-goes": "with the old key",
  "old-key-goes": "with the new key, as the new one signs and the old one goes",
  unclear: "with whichever key signs",
};

/** Standby is wanted of a rotation that has not begun. */
export function notBegun({ live }: Member) {
  return {
    subject: `authority/${live.type}`,
    message: "is to be finished, and has not begun: the key to be retired signs, and nothing is in progress",
    remedy: "commit `phase: init` first, or set `strategy: walk` to take all phases one by one",
  };
}

/** The same content was rolled back before. */
export function quarantined({ live }: Member, resource: RotationResource, { record }: RotationContext) {
  const attempt = rolledBack(live, resource, record);
  const isByHand = attempt?.ended_at == null || attempt.reason === BY_HAND;
  const when = isByHand ? "outside capstan" : `on ${writtenDate(attempt.ended_at)}`;
  const why = isByHand || attempt.reason === null ? "" : ` (${attempt.reason})`;
  return {
    subject: `rotation/${resource.name}`,
    message: `was rolled back ${when}${why}; the same content does not start it again`,
    remedy: `remove the cause, then \`capstan rotate start ${live.type} --reason "…"\`, and commit`,
  };
}
