import type { Finding } from "../rotation/plan.ts";
import { followersOf, keyOf } from "./following.ts";
import { failWith, type Guard, type GuardInput, unknown } from "./guard.ts";
import { newKeyWasUsed, reportedByComponents } from "./reported.ts";

/**
 * Presence rows live about ten minutes: a machine that is off vanishes from the listing, and then "all nodes are
 * at the phase" becomes true (reference teleport-rotation 3.3). So everybody who was there before init has to be
 * seen at every phase, by name.
 */
export const roster: Guard = {
  id: "roster",
  refuses: "going on while a component that was there before init has not been seen at this phase",
  waivable: true,
  appliesTo: (input) => reportedByComponents(input.authority.type) && needsEverybody(input),
  judge: (input) => {
    const { authority, record, observation, edge, now } = input;
    if (edge.from === "standby" && edge.to === "init") return failWith(silent(input));
    if (record?.roster == null) {
      return unknown({
        subject: `roster/${authority.type}`,
        message:
          "nobody knows which components were there before init: capstan did not see the start, or its record is lost",
        remedy:
          "compare `capstan status` with your own inventory, then waive `roster` for this subject; apply takes a new roster from what is there",
      });
    }
    const members = new Set(record.roster.map(keyOf));
    return failWith(
      followersOf(observation, authority, record.roster, edge.from, now)
        .filter((follower) => members.has(keyOf(follower)))
        .filter(({ standing }) => standing !== "following" && standing !== "not-reporting")
        .map((member) => ({ subject: member.subject, message: member.seen, remedy: REMEDY })),
    );
  },
};

const REMEDY =
  "start it and wait until it follows; if it is gone for good, waive `roster` for this subject, and it has to join anew";

/** Before init there is no roster yet; who is silent now would be on it and never answer. */
function silent({ observation, authority, edge, now }: GuardInput): readonly Finding[] {
  return followersOf(observation, authority, [], edge.from, now)
    .filter(({ standing }) => standing === "silent")
    .map((member) => ({
      subject: member.subject,
      message: member.seen,
      remedy:
        "start it before the rotation, or remove it from the cluster; or waive `roster` for this subject",
    }));
}

/** Every phase but the one that is left for rollback: any local phase accepts a rollback (reference 1.10). */
function needsEverybody({ edge, record, authority }: GuardInput): boolean {
  if (edge.to === "rollback") return false;
  return edge.from !== "rollback" || newKeyWasUsed(record, authority);
}
