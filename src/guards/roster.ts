import { isRosterStated } from "../checklist/roster-complete.ts";
import { rosterStep } from "../checklist/roster-step.ts";
import { kindsOf, reportedByComponents, unreadListing } from "../profile/lookup.ts";
import type { Guard, GuardInput } from "../profile/profile.ts";
import { newKeyWasUsed, standbyIds } from "../rotation/evidence.ts";
import { standingsOf } from "../rotation/followers.ts";
import { memberTable } from "../rotation/member-table.ts";
import type { ComponentKind } from "../rotation/observation.ts";
import type { Finding } from "../rotation/plan.ts";
import type { Roster } from "../rotation/record.ts";
import { acknowledgeCommand } from "../rotation/remedy-command.ts";
import { rosterOf } from "../rotation/roster.ts";
import { rollbackSwapsKeys } from "../rotation/way-back.ts";
import { approvableAtTheEnd, failWith, type Judgement } from "./judgement.ts";

/**
 * Presence rows live about ten minutes: a machine that is off vanishes from the listing, and then "all nodes are
 * at the phase" becomes true (reference teleport-rotation 3.3). So everybody who was there before init has to be
 * seen at every phase, by name.
 */
export const roster: Guard = {
  id: "roster",
  about: "components",
  refuses: "going on while a component that was there before init has not been seen at this phase",
  waivable: true,
  subjects: ["component", "roster", "listing"],
  appliesTo: (input) =>
    reportedByComponents(input.observation.profile, input.authority.type) && needsEverybody(input),
  judge: (input) => {
    const { authority, record, observation, edge } = input;
    // Before the start there is no roster yet; that a phase is skipped, the phase order says.
    if (edge.from === "standby" && edge.to !== "standby") {
      return withUnread(silent(input), kindsOf(observation.profile).filter(isUnread(input)), input);
    }
    const known = record?.roster ?? statedRoster(input);
    // Where it is accepted that nobody knows, apply takes the roster from who is listed, and waits for them by name.
    const listed = judgeMembers(known ?? rosterOf(observation), input);
    if (known !== null) return listed;
    const nobodyKnows = {
      ...approvableAtTheEnd(edge),
      subject: `roster/${authority.type}`,
      message:
        "nobody knows which components were there before init: capstan did not see the start, or its record is lost",
      remedy:
        edge.from === "rollback"
          ? "compare `capstan status` with your own inventory, and let whoever is missing come back"
          : `compare \`capstan status\` with your own inventory. When nobody is missing, state it, and apply takes the roster from who is there: \`${acknowledgeCommand(rosterStep(authority.type))}\``,
    };
    return {
      outcome: "unknown",
      findings: [nobodyKnows, ...(listed.outcome === "pass" ? [] : listed.findings)],
    };
  },
};

/** Everybody by name. */
function judgeMembers(taken: Roster, input: GuardInput): Judgement {
  const { authority, observation, edge, past, now } = input;
  const members = memberTable(taken);
  const ids = standbyIds(past, authority);
  const followers = standingsOf(observation, authority, taken, edge.from, now, ids).others.filter(
    (follower) => members.has(follower),
  );
  const unread = followers.filter(({ standing }) => standing === "unread").map(({ kind }) => kind);
  const away = followers.filter(({ standing }) => standing === "away");
  const judgement = withUnread(
    followers
      .filter(({ standing }) => standing !== "unread" && standing !== "away")
      .map((member) => ({ subject: member.subject, message: member.seen, remedy: remedyFor(input) })),
    [...new Set(unread)],
    input,
  );
  if (away.length === 0) return judgement;
  const unsure = away.map((member) => ({
    subject: member.subject,
    message: member.seen,
    remedy: "wait until its row is back, and plan again",
  }));
  if (judgement.outcome === "pass") return { outcome: "unknown", findings: unsure };
  return { outcome: judgement.outcome, findings: [...judgement.findings, ...unsure] };
}

/** Who is there now, where a person has stated that nobody is missing; `null` while nobody has. */
function statedRoster(input: GuardInput): Roster | null {
  return isRosterStated(input.authority.type, input) ? rosterOf(input.observation) : null;
}

/** Who was seen not to follow, and the kinds of which nobody can tell: that is no sign that somebody is lost. */
function withUnread(
  findings: readonly Finding[],
  unread: readonly ComponentKind[],
  { observation }: GuardInput,
): Judgement {
  const listings = unread.map((kind) => ({
    subject: `listing/${unreadListing(observation, kind)?.what}`,
    message: `could not be read, so nobody knows who is there: ${unreadListing(observation, kind)?.problem}`,
    remedy: `plan again; if it stays so, ${observation.profile.words.unreadListing}`,
  }));
  if (listings.length === 0) return failWith(findings);
  return { outcome: findings.length === 0 ? "unknown" : "fail", findings: [...findings, ...listings] };
}

function isUnread({ observation }: GuardInput) {
  return (kind: ComponentKind): boolean => unreadListing(observation, kind) !== undefined;
}

function remedyFor({ edge, rotation, authority }: GuardInput): string {
  const again =
    rotation === null
      ? `. No ca_rotation declares this rotation any more, and nothing can be accepted without one. This writes it again: \`capstan rotate rollback ${authority.type}\``
      : "";
  if (edge.to === "rollback" && edge.from !== "rollback") {
    return `start it and wait until it follows: out of ${edge.from} this cluster's rollback has the new key sign, which it does not trust yet. If it is gone for good, it has to join anew${again}`;
  }
  if (edge.from !== "rollback") {
    return `start it and wait until it follows. If it is gone for good, it has to join anew${again}`;
  }
  return `start it and wait until it follows: it may live by the key that goes when rollback is left. If it is gone for good, and that is accepted, the end of the rollback is a point of no return, with an approval of its own${again}`;
}

/** Before init there is no roster yet; who is silent now would be on it and never answer. */
function silent({ observation, authority, edge, now }: GuardInput): readonly Finding[] {
  return standingsOf(observation, authority, [], edge.from, now)
    .others.filter(({ standing }) => standing === "silent")
    .map((member) => ({
      subject: member.subject,
      message: member.seen,
      remedy: "start it before the rotation, or remove it from the cluster",
    }));
}

/**
 * Every phase but the one that is left for rollback: any local phase accepts a rollback (reference 1.10), unless it has
 * the new key sign. In rollback itself and out of it, whoever may live by the key that goes.
 */
function needsEverybody({ edge, record, authority, observation }: GuardInput): boolean {
  if (edge.to === "rollback" && edge.from !== "rollback") {
    return rollbackSwapsKeys(edge, authority, observation);
  }
  return edge.from !== "rollback" || newKeyWasUsed(record, authority, observation.profile) !== "refuted";
}
