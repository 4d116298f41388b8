import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { OverrideStory } from "../world/override-story.ts";

/** The first release with overrides: whole resources by `create` and `edit`, and no command for an entry. */
let story: OverrideStory;
beforeEach(async () => {
  story = await OverrideStory.begin({ teleport: "18.9.0" });
});
afterEach(async () => story.end());

const live = () => story.sandbox.teleport.world.overrides.current("db_client")?.entries;

describe("Teleport 18.9.0", () => {
  it("goes the same way with create and edit, a client never failing, and nothing is forced", async () => {
    const old = await story.adopt();
    expect(await story.visit()).toBeNull();
    const traffic = story.connectAllTheTime();
    await story.startRotation();
    await story.applied();
    const { other: next } = story.hashes();
    await story.stage(next);
    await story.enable(next, "rotation");
    await story.applied();
    for (const _ of ["update_clients", "update_servers"]) {
      await story.repository.rotate("advance", "db_client");
      await story.applied();
    }
    await story.exercise();
    await story.repository.must("rotate", "finish", "db_client");
    await story.repository.must("override", "retire", "db_client", old);
    await story.repository.commit("finish, and retire the old key's override");
    await story.applied();
    expect((await traffic.stop()).failures).toEqual([]);
    expect(live()).toMatchObject([{ keyHash: next, disabled: false }]);
    expect((await story.repository.plan()).exit).toBe(0);

    const calls = (await story.repository.calls()).filter((argv) => !argv.includes("--help"));
    const entryCalls = calls.filter(([, name]) => /^(create|update|delete)-override$/.test(name ?? ""));
    expect(entryCalls).toEqual([]);
    expect(calls.filter(([name]) => name === "create")).toHaveLength(1);
    expect(calls.some(([name]) => name === "edit")).toBe(true);
    expect(calls.flat().filter((word) => word === "--force" || word === "-f")).toEqual([]);
  });

  it("cannot take a live entry out of force, even with a waiver, and says what can", async () => {
    const key = await story.adopt();
    await story.repository.must("override", "retire", "db_client", key);
    const waiver = {
      guard: "overrides",
      subject: `override/db_client/${key}`,
      reason: "the databases trust Teleport's own CA now",
      expires: "2099-01-01",
    };
    await story.addToAuthority("waive", waiver);
    await story.repository.commit("retire a live override");
    const ran = await story.apply();
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain("needs its --force");
    expect(flat(ran.stderr)).toContain("newer Teleport 18");
    expect(live()).toMatchObject([{ keyHash: key, disabled: false }]);
  });
});

describe("Teleport 17", () => {
  it("gives a note about an override in git, and rotates without one", async () => {
    await story.end();
    story = await OverrideStory.begin({ teleport: "17" });
    await story.startRotation();
    const { exit, plan } = await story.repository.plan();
    expect(exit).toBe(2);
    expect(plan.clusters[0]?.overrides).toMatchObject([
      { blocked: false, findings: [{ severity: "info", code: "unsupported" }] },
    ]);
    const text = (await story.repository.capstan("plan")).stdout.replaceAll(/\s+/g, " ");
    expect(text).toContain("certificate authority overrides, which need Teleport Enterprise 18.9 or later");
    await story.applied();
    expect(story.keys().phase).toBe("init");
  });
});
