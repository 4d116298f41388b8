import { expect, it } from "vitest";
import { followersOf } from "../../src/rotation/followers.ts";
import { authority, component, components, NOW, observation } from "../world/host-rotation.ts";

/** An agent without storage gets a new id whenever it starts, and its name stays (teleport#17474, #7931). */
it("a member that came back under another id is missing, and said to be there by its name", () => {
  const host = authority("init");
  const roster = components("init").map(({ kind, id, name }) => ({ kind, id, name }));
  const others = components("init").filter(({ name }) => name !== "node2");
  const again = component("node", "node2", {
    id: "deadbeef",
    phase: "init",
    currentId: host.rotation.currentId,
  });
  const seen = followersOf(
    observation("init", { components: [...others, again] }),
    host,
    roster,
    "init",
    NOW,
  );
  expect(seen.filter(({ name }) => name === "node2")).toEqual([
    expect.objectContaining({ id: "deadbeef", standing: "following" }),
    expect.objectContaining({
      id: "id-of-node2",
      standing: "missing",
      seen: "was there when the rotation began and is not in the listing now; node2 is there under another id, deadbeef: it is at init",
    }),
  ]);
});
