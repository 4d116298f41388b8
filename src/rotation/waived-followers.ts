import type { Waiver } from "../resources/model/desired.ts";
import type { Follower } from "./followers.ts";
import { memberTable } from "./member-table.ts";
import type { GuardId } from "./plan.ts";
import type { Roster } from "./record.ts";

/**
 * Whom a wait is for: exactly those whom the guards `roster` and `components-ready` want, so that a waiver of theirs
 * takes its subject out of the wait too, forward and back.
 */
export function isAwaited(follower: Follower, roster: Roster): boolean {
  return guardsAgainst(follower, roster).length > 0;
}

/** Whether waivers in force leave no guard that would hold a step because of this component. */
export function coveredByWaivers(
  waivers: readonly Waiver[],
  roster: Roster,
): (follower: Follower, now: number) => boolean {
  return (follower, now) => {
    const against = guardsAgainst(follower, roster);
    return (
      against.length > 0 &&
      against.every((guard) =>
        waivers.some(
          (waiver) =>
            waiver.guard === guard && waiver.subject === follower.subject && Date.parse(waiver.expires) > now,
        ),
      )
    );
  };
}

/** The guards that would refuse to go on because of it. One that is not in a listing that was not read is nobody's to waive by name. */
function guardsAgainst(follower: Follower, roster: Roster): readonly GuardId[] {
  const isMember = memberTable(roster).has(follower);
  switch (follower.standing) {
    case "following":
    case "not-reporting":
      return [];
    case "lagging":
    case "unclear":
      return isMember ? ["roster", "components-ready"] : ["components-ready"];
    case "silent":
    case "missing":
    case "away":
    case "unread":
      return isMember ? ["roster"] : [];
  }
}
