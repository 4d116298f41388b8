import { reportedByComponents } from "../rotation/component-evidence.ts";
import { newKeyWasUsed, standbyIds } from "../rotation/evidence.ts";
import { followersOf } from "../rotation/followers.ts";
import { rollbackSwapsKeys } from "../rotation/way-back.ts";
import { failWith, type Guard, unknown } from "./guard.ts";

/** Also for components that joined after the roster was taken. A silent one is the roster's business. */
export const componentsReady: Guard = {
  id: "components-ready",
  refuses: "going on while a live component is not at the current phase of this rotation",
  waivable: true,
  appliesTo: ({ edge, authority, record, observation }) =>
    reportedByComponents(authority.type) &&
    (edge.to !== "rollback" || edge.from === "rollback" || rollbackSwapsKeys(edge, authority, observation)) &&
    (edge.from !== "rollback" || newKeyWasUsed(record, authority) !== "refuted"),
  judge: ({ observation, authority, edge, past, now }) => {
    const [unread] = observation.unread.filter(({ what }) => what !== "remote_clusters");
    if (unread !== undefined) {
      return unknown({
        subject: `listing/${unread.what}`,
        message: `could not be read: ${unread.problem}`,
        remedy:
          "give capstan's role `list` and `read` on this kind, with wildcard labels, or waive this subject",
      });
    }
    if (!observation.components.some(({ kind }) => kind === "auth_server")) {
      return unknown({
        subject: "listing/auth_servers",
        message: "lists no auth server, so the listings do not show everything",
        remedy: "give capstan's role `list` and `read` on auth_server, proxy and node, with wildcard labels",
      });
    }
    return failWith(
      followersOf(observation, authority, [], edge.from, now, standbyIds(past, authority))
        .filter(({ standing }) => standing === "lagging" || standing === "unclear")
        .map((component) => ({
          subject: component.subject,
          message: component.seen,
          remedy:
            "wait; if it does not follow, look at its log for `out of sync`: it may have to be reset and joined anew, or the rotation rolled back",
        })),
    );
  },
};
