import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unreadListing } from "../../src/profile/lookup.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import { silenceOf } from "../../src/rotation/announcements.ts";
import { keyOf } from "../../src/rotation/component-key.ts";
import { type Follower, followersOf, standingsOf } from "../../src/rotation/followers.ts";
import type { LiveComponent } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { RosterMember } from "../../src/rotation/record.ts";
import { PRESENCE } from "../../src/teleport/component-kinds.ts";
import { authority, NOW, observation } from "../world/host-rotation.ts";

const KINDS = ["node", "proxy", "app_server"];
const IDS = ["one", "two", "three", "four", "five"];
const NAMES = ["", "alpha", "beta"];
const PHASES: readonly Phase[] = ["standby", "init", "update_clients"];
const HOST = authority("init");
const CURRENT = HOST.rotation.currentId;

const component: fc.Arbitrary<LiveComponent> = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    id: fc.constantFrom(...IDS),
    name: fc.constantFrom(...NAMES),
    phase: fc.constantFrom<(Phase | null)[]>(null, ...PHASES),
    currentId: fc.constantFrom(CURRENT, "another", null),
    unclear: fc.constantFrom(undefined, undefined, undefined, "", "sideways"),
    version: fc.constant("11.1.2"),
    expires: fc.constantFrom(
      null,
      ...[1, 5, 9].map((minutes) => new Date(NOW + minutes * 60_000).toISOString()),
    ),
  })
  .map(({ unclear, ...rest }) => (unclear === undefined ? rest : { ...rest, unclear }));
const listing = fc.uniqueArray(component, { selector: keyOf, maxLength: 12 });
const members: fc.Arbitrary<readonly RosterMember[]> = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    id: fc.constantFrom(...IDS),
    name: fc.constantFrom(...NAMES),
  }),
  { selector: keyOf, maxLength: 12 },
);
const connected = fc.array(fc.record({ id: fc.constantFrom(...IDS), kinds: fc.subarray(KINDS) }), {
  maxLength: 4,
});

/** The rules as one would read them aloud: one component after the other, with everything looked up anew. */
function told(seen: ClusterObservation, roster: readonly RosterMember[], phase: Phase): readonly Follower[] {
  const silence = silenceOf(seen.components, PRESENCE, NOW, seen.rows);
  const isListed = (member: RosterMember) => [...seen.components].some((one) => keyOf(one) === keyOf(member));
  const isMember = (one: RosterMember) => roster.some((member) => keyOf(member) === keyOf(one));
  const everybody = [...seen.components, ...roster.filter((member) => !isListed(member))];
  const subject = (one: RosterMember) => {
    const namesakes = everybody.filter(({ kind, name }) => kind === one.kind && name === one.name);
    return one.name !== "" && namesakes.length === 1 ? `${one.kind}/${one.name}` : keyOf(one);
  };
  const who = ({ kind, id, name }: RosterMember) => ({
    kind,
    id,
    name,
    subject: subject({ kind, id, name }),
  });
  const there = [...seen.components].map((one): Follower => {
    const says = (standing: Follower["standing"], text: string) => ({ ...who(one), standing, seen: text });
    if (one.phase === null) {
      return isMember(one)
        ? says("unclear", "reported its rotation when this one began, and reports none now")
        : says("not-reporting", "reports no rotation");
    }
    if (one.expires === null)
      return says("unclear", "does not say until when its row holds, nor so whether it is there");
    const lag = silence(one);
    if (lag !== null)
      return says(
        "silent",
        `has not announced itself for ${Math.round(lag / 60_000)} minutes (last at ${one.phase})`,
      );
    if (one.unclear === "") return says("unclear", `reports an empty rotation, not ${phase}`);
    if (one.unclear !== undefined)
      return says("unclear", `reports a phase that nobody knows (${one.unclear})`);
    if (one.phase !== phase) return says("lagging", `is at ${one.phase}, not ${phase}`);
    if (one.currentId === CURRENT) return says("following", `is at ${phase}`);
    return says("lagging", `is at ${phase}, but of another rotation (${one.currentId ?? "no id"})`);
  });
  const away = roster
    .filter((member) => !isListed(member))
    .map((member): Follower => {
      const says = (standing: Follower["standing"], text: string) => ({
        ...who(member),
        standing,
        seen: text,
      });
      const unread = unreadListing(seen, member.kind);
      if (unread !== undefined) return says("unread", `was not looked at: ${unread.what} could not be read`);
      const agents = seen.connected ?? [];
      if (agents.some(({ id, kinds }) => id === member.id && kinds.includes(member.kind)))
        return says(
          "away",
          "is connected and not in the listing, as for some minutes after it reloads: nobody knows where it is",
        );
      const again = [...seen.components].findLast(
        (one) => one.kind === member.kind && one.name === member.name && !isMember(one),
      );
      const missing = "was there when the rotation began and is not in the listing now";
      if (again === undefined) return says("missing", missing);
      const at = again.phase === null ? "it reports no rotation" : `it is at ${again.phase}`;
      return says("missing", `${missing}; ${member.name} is there under another id, ${again.id}: ${at}`);
    });
  return [...there, ...away];
}

const scenes = {
  components: listing,
  roster: members,
  agents: connected,
  unread: fc.subarray(["nodes", "proxies"]),
  phase: fc.constantFrom<Phase[]>("init", "update_clients"),
};

function seenIn(scene: {
  readonly components: readonly LiveComponent[];
  readonly agents: NonNullable<ClusterObservation["connected"]>;
  readonly unread: readonly string[];
}): ClusterObservation {
  return {
    ...observation("init", { components: scene.components }),
    connected: scene.agents,
    unread: scene.unread.map((what) => ({ what, problem: "denied" })),
  };
}

describe("who follows", () => {
  it("is what the rules say of each, whatever is listed, remembered, connected or unread", () => {
    fc.assert(
      fc.property(fc.record(scenes), (scene) => {
        const seen = seenIn(scene);
        expect(followersOf(seen, HOST, scene.roster, scene.phase, NOW)).toEqual(
          told(seen, scene.roster, scene.phase),
        );
      }),
      { numRuns: 400 },
    );
  });

  it("is counted where there is nothing to say, and named where there is", () => {
    fc.assert(
      fc.property(fc.record(scenes), (scene) => {
        const seen = seenIn(scene);
        const all = told(seen, scene.roster, scene.phase);
        const { following, others } = standingsOf(seen, HOST, scene.roster, scene.phase, NOW);
        expect(others).toEqual(all.filter(({ standing }) => standing !== "following"));
        const counts = Map.groupBy(
          all.filter(({ standing }) => standing === "following"),
          ({ kind }) => kind,
        );
        expect(new Map(following)).toEqual(new Map([...counts].map(([kind, some]) => [kind, some.length])));
      }),
      { numRuns: 400 },
    );
  });
});
