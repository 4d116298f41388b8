import { isStated } from "../checklist/tick.ts";
import { unlistedStep } from "../checklist/unlisted-kinds.ts";
import { reportedByComponents } from "../profile/lookup.ts";
import type { Guard, GuardInput } from "../profile/profile.ts";
import { componentTable, listedOfKind } from "../rotation/component-table.ts";
import { newKeyWasUsed, standbyIds } from "../rotation/evidence.ts";
import { standingsOf } from "../rotation/followers.ts";
import { memberTable } from "../rotation/member-table.ts";
import type { Finding } from "../rotation/plan.ts";
import { acknowledgeCommand } from "../rotation/remedy-command.ts";
import { rollbackSwapsKeys } from "../rotation/way-back.ts";
import { failWith, unknown } from "./judgement.ts";

/** Also for components that joined after the roster was taken. A silent one is the roster's business. */
export const componentsReady: Guard = {
  id: "components-ready",
  about: "components",
  refuses: "going on while a live component is not at the current phase of this rotation",
  waivable: true,
  subjects: ["component", "listing", "agent", "components"],
  appliesTo: ({ edge, authority, record, observation }) =>
    reportedByComponents(observation.profile, authority.type) &&
    (edge.to !== "rollback" || edge.from === "rollback" || rollbackSwapsKeys(edge, authority, observation)) &&
    (edge.from !== "rollback" || newKeyWasUsed(record, authority, observation.profile) !== "refuted"),
  judge: (input) => {
    const { observation, authority, edge, past, now } = input;
    const { componentKinds, otherListings, words } = observation.profile;
    const [unread] = observation.unread.filter(({ what }) => !otherListings.includes(what));
    if (unread !== undefined) {
      return unknown({
        subject: `listing/${unread.what}`,
        message: `could not be read: ${unread.problem}`,
        remedy: words.unreadListing,
      });
    }
    for (const { kind, listing, alwaysThere } of componentKinds) {
      if (alwaysThere === undefined || listedOfKind(observation.components, kind).length > 0) continue;
      return unknown({
        subject: `listing/${listing ?? kind}`,
        message: `lists no ${alwaysThere.title}, so the listings do not show everything`,
        remedy: alwaysThere.remedy,
      });
    }
    const lagging = failWith(
      standingsOf(observation, authority, [], edge.from, now, standbyIds(past, authority))
        .others.filter(({ standing }) => standing === "lagging" || standing === "unclear")
        .map((component) => ({
          subject: component.subject,
          message: component.seen,
          remedy: words.notFollowing,
        })),
    );
    const unseen = [...unlistedKinds(input), ...unlistedAgents(input)];
    if (unseen.length === 0) return lagging;
    if (lagging.outcome === "pass") return { outcome: "unknown", findings: unseen };
    return { outcome: lagging.outcome, findings: [...lagging.findings, ...unseen] };
  },
};

/** A kind that can exist there, and that nothing lists: a person has to look, once in a rotation. */
function unlistedKinds({ observation, authority, rotation, record, now }: GuardInput): readonly Finding[] {
  const context = {
    profile: observation.profile,
    types: rotation?.authorities.map(({ type }) => type) ?? [authority.type],
    now: new Date(now).toISOString(),
    startedAt: record?.started_at ?? null,
  };
  return (observation.unlisted ?? []).flatMap(({ kind, problem }) => {
    const step = unlistedStep(kind);
    if (isStated(step, rotation?.acknowledge ?? [], context)) return [];
    return [
      {
        subject: step,
        message: `nobody can see whether there are any, nor where they are: ${problem}`,
        remedy: `look by hand, on every machine that runs one, in every phase; then state it, which holds until the rotation ends: \`${acknowledgeCommand(step)}\``,
      },
    ];
  });
}

/** Who is connected and in no listing at all: it joined, and its row is gone for now, or is not shown to this role. */
function unlistedAgents({ observation, record }: GuardInput): readonly Finding[] {
  const connected = observation.connected ?? [];
  const agents = connected.filter(({ kinds }) => kinds.length > 0);
  const { members } = componentTable(observation.components);
  const roster = memberTable(record?.roster ?? []);
  const listed = members.idsAmong(connected);
  const remembered = roster.idsAmong(connected);
  return agents
    .filter(({ id }) => !listed.has(id) && !remembered.has(id))
    .map(({ id, kinds }) => ({
      subject: `agent/${id}`,
      message: `is connected (${kinds.join(", ")}) and in no listing: nobody knows where it is`,
      remedy: `wait until its row is back, and plan again; if it stays so, ${observation.profile.words.unreadListing}`,
    }));
}
