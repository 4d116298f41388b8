import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OVERRIDE, OverrideStory } from "../world/override-story.ts";
import { guardOf, subjectsOf } from "../world/repository.ts";

/** Many commits, each with several commands. */

let story: OverrideStory;
beforeEach(async () => {
  story = await OverrideStory.begin();
});
afterEach(async () => story.end());

/** Up to init, with the new key's certificate in force as soon as it signs (row I3). */
async function arm(): Promise<{ readonly old: string; readonly next: string }> {
  const old = await story.adopt();
  await story.startRotation();
  await story.applied();
  const [due] = (await story.overridePlan()).due;
  expect(due?.command).toBe(`capstan override csr db_client --public-key ${due?.key_hash}`);
  const next = due?.key_hash ?? "";
  expect(next).toBe(story.hashes().other);
  await story.stage(next);
  await story.applied();
  await story.enable(next, "rotation");
  await story.applied();
  expect((await story.overridePlan()).row).toBe("I3");
  return { old, next };
}

async function deleteByHand(keyHash: string): Promise<void> {
  const { exit, stderr } = await story.repository.tctl(
    "auth",
    "delete-override",
    "--type=db_client",
    `--public-key=${keyHash}`,
  );
  expect(stderr).toBe("");
  expect(exit).toBe(0);
}

describe("the safe procedure (reference 5.4)", () => {
  it("goes from standby to standby by commits, and a database client never fails", async () => {
    // What the database trusts, as a file of the repository: no statement would outweigh that it trusts neither key.
    await writeFile(join(story.repository.folder, "root.crt"), story.external.root);
    await story.addToAuthority("trust_consumers", { kind: "file", name: "pg", path: "root.crt" });
    await story.repository.commit("what the database trusts");
    await story.adopt();
    const traffic = story.connectAllTheTime();
    const { signing: old } = story.hashes();
    await story.startRotation();
    await story.applied();
    const { other: next } = story.hashes();
    await story.stage(next);
    await story.applied();
    await story.enable(next, "rotation");
    await story.applied();
    const [seen] = (await story.repository.plan()).plan.clusters[0]?.rotations[0]?.consumers ?? [];
    expect(seen).toMatchObject({ consumer: "pg", trusts: { old: "yes", new: "yes" } });
    for (const _ of ["update_clients", "update_servers"]) {
      await story.repository.rotate("advance", "db_client");
      await story.applied();
    }
    expect((await story.overridePlan()).row).toBe("U1");
    await story.exercise();
    await story.repository.must("rotate", "finish", "db_client");
    await story.repository.must("override", "retire", "db_client");
    await story.repository.commit("finish, and retire the old key's override");
    const { plan } = await story.repository.plan();
    expect(plan.clusters[0]?.overrides[0]?.actions).toMatchObject([
      { purpose: "retire", key_hash: old, moment: "after-standby" },
    ]);
    await story.applied();
    const { visits, failures } = await traffic.stop();
    expect(failures).toEqual([]);
    expect(visits).toBeGreaterThan(20);

    expect(story.hashes().signing).toBe(next);
    const live = story.sandbox.teleport.world.overrides.current("db_client");
    expect(live?.entries).toMatchObject([{ keyHash: next, disabled: false }]);
    const after = await story.repository.plan();
    expect(after.exit).toBe(0);
    expect(after.plan.clusters[0]?.drift).toEqual([]);
    const calls = await story.repository.calls();
    const entryCalls = calls.filter(
      ([first, second]) => first === "auth" && second?.endsWith("-override") && !second.startsWith("pub"),
    );
    expect(entryCalls.filter((argv) => !argv.includes("--help")).map(([, name]) => name)).toEqual([
      "create-override",
      "update-override",
      "create-override",
      "update-override",
      "delete-override",
    ]);
    expect(calls.flat()).not.toContain("--force");
    expect(calls.some(([first]) => first === "create" || first === "edit")).toBe(false);
  });

  it("puts staging, the revocation list, enabling and the step in this order when one commit asks for all", async () => {
    await story.adopt();
    await story.startRotation();
    await story.applied();
    const { other: next } = story.hashes();
    await story.stage(next);
    await story.enable(next, "rotation");
    await story.repository.rotate("advance", "db_client");
    await story.stateWork();
    const { exit, plan } = await story.repository.plan();
    expect(exit).toBe(2);
    expect(plan.clusters[0]?.overrides[0]?.actions.map(({ purpose }) => purpose)).toEqual([
      "stage",
      "await-crl",
      "enable",
    ]);
    const before = (await story.repository.calls()).length;
    await story.applied();
    const changes = (await story.repository.calls())
      .slice(before)
      .filter((argv) => argv[0] === "auth" && !argv.includes("--help"))
      .map(([, name]) => name);
    expect(changes).toEqual(["create-override", "update-override", "rotate"]);
    expect(await story.visit()).toBeNull();
  });
});

describe("a new key without an override", () => {
  it("is blocked before it signs; with the guard waived, the client fails", async () => {
    await story.adopt();
    await story.startRotation();
    await story.applied();
    const { other: next } = story.hashes();
    await story.repository.rotate("advance", "db_client");
    const blocked = await story.repository.plan();
    expect(blocked.exit).toBe(3);
    const subject = `override/db_client/${next}`;
    expect(subjectsOf(guardOf(blocked.plan, "overrides")?.findings)).toEqual([subject]);
    expect((await story.apply()).exit).toBe(3);
    expect(await story.visit()).toBeNull();

    const waiver = { guard: "overrides", subject, reason: "to see it fail", expires: "2099-01-01" };
    await story.addToRotation("waive", waiver);
    await story.repository.commit("waive the guard");
    const waived = await story.repository.plan();
    expect(waived.exit).toBe(2);
    expect(subjectsOf(guardOf(waived.plan, "overrides")?.waived)).toEqual([subject]);
    await story.applied();
    expect(await story.visit()).not.toBeNull();
    expect((await story.overridePlan()).row).toBe("U2");
  });
});

describe("rollback from update_clients", () => {
  it("with the old entry intact gives its issuer back at once, and the new entry is purged", async () => {
    const { old, next } = await arm();
    await story.repository.rotate("advance", "db_client");
    await story.applied();
    const traffic = story.connectAllTheTime();
    await story.repository.rotate("rollback", "db_client");
    await story.applied();
    const { failures } = await traffic.stop();
    expect(failures).toEqual([]);
    expect(story.hashes().signing).toBe(old);
    expect((await story.overridePlan()).row).toBe("P2");
    await story.repository.must("override", "retire", "db_client");
    await story.repository.commit("remove the entry of the key that was dropped");
    await story.applied();
    const live = story.sandbox.teleport.world.overrides.current("db_client");
    expect(live?.entries.map(({ keyHash }) => keyHash)).toEqual([old]);
    expect(live?.entries.some(({ keyHash }) => keyHash === next)).toBe(false);
    expect(await story.visit()).toBeNull();
  });

  it("with the old entry deleted is refused until it is back", async () => {
    const { old } = await arm();
    await story.repository.rotate("advance", "db_client");
    await story.applied();
    // The server lets anybody do this (reference 2.5), and git follows.
    await deleteByHand(old);
    await story.repository.must("override", "retire", "db_client", old);
    await story.repository.commit("a mistake");
    await story.repository.rotate("rollback", "db_client");
    const { exit, plan } = await story.repository.plan();
    expect(exit).toBe(3);
    expect(plan.clusters[0]?.overrides[0]?.row).toBe("U3");
    expect(subjectsOf(guardOf(plan, "overrides")?.findings)).toEqual([`override/db_client/${old}`]);
    expect((await story.apply()).exit).toBe(3);
    expect(story.keys().phase).toBe("update_clients");

    await story.repository.git("checkout", "HEAD~2", "--", OVERRIDE);
    await story.repository.commit("put the old entry back");
    const traffic = story.connectAllTheTime();
    await story.applied();
    expect((await traffic.stop()).failures).toEqual([]);
    expect(story.hashes().signing).toBe(old);
  });
});

describe("a repository without overrides", () => {
  it("asks about them once when db_client rotates, and never otherwise", async () => {
    const asked = async () =>
      (await story.repository.calls()).filter((argv) => argv.join(" ").includes("override"));
    await story.repository.rotate("start", "host");
    await story.repository.plan();
    expect(await asked()).toEqual([]);
    await story.repository.git("reset", "--quiet", "--hard", "HEAD~1");
    await story.repository.rotate("start", "db_client");
    const { exit } = await story.repository.plan();
    expect(exit).toBe(2);
    expect(await asked()).toEqual([["get", "ca_overrides", "--format=json"]]);
  });
});
