import { reportedByComponents } from "../profile/lookup.ts";
import type { Guard } from "../profile/profile.ts";
import { newKeyWasUsed, standbyIds } from "../rotation/evidence.ts";
import { followersOf } from "../rotation/followers.ts";
import { rollbackSwapsKeys } from "../rotation/way-back.ts";
import { failWith, unknown } from "./judgement.ts";

/** Also for components that joined after the roster was taken. A silent one is the roster's business. */
export const componentsReady: Guard = {
  id: "components-ready",
  about: "components",
  refuses: "going on while a live component is not at the current phase of this rotation",
  waivable: true,
  appliesTo: ({ edge, authority, record, observation }) =>
    reportedByComponents(observation.profile, authority.type) &&
    (edge.to !== "rollback" || edge.from === "rollback" || rollbackSwapsKeys(edge, authority, observation)) &&
    (edge.from !== "rollback" || newKeyWasUsed(record, authority, observation.profile) !== "refuted"),
  judge: ({ observation, authority, edge, past, now }) => {
    const { componentKinds, otherListings, words } = observation.profile;
    const [unread] = observation.unread.filter(({ what }) => !otherListings.includes(what));
    if (unread !== undefined) {
      return unknown({
        subject: `listing/${unread.what}`,
        message: `could not be read: ${unread.problem}`,
        remedy: `${words.unreadListing}, or waive this subject`,
      });
    }
    for (const { kind, listing, alwaysThere } of componentKinds) {
      if (alwaysThere === undefined || observation.components.some((one) => one.kind === kind)) continue;
      return unknown({
        subject: `listing/${listing ?? kind}`,
        message: `lists no ${alwaysThere.title}, so the listings do not show everything`,
        remedy: alwaysThere.remedy,
      });
    }
    return failWith(
      followersOf(observation, authority, [], edge.from, now, standbyIds(past, authority))
        .filter(({ standing }) => standing === "lagging" || standing === "unclear")
        .map((component) => ({
          subject: component.subject,
          message: component.seen,
          remedy: words.notFollowing,
        })),
    );
  },
};
