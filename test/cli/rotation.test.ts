import { afterEach, describe, expect, it } from "vitest";
import "../world/in-process.ts";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

/** Commands against the sandbox, both generations of Teleport. */
describe.each([["18"], ["5"]])("Teleport %s", (teleport) => {
  let repository: Repository;
  afterEach(async () => repository.remove());

  it("rotates the host CA by four commits", async () => {
    repository = await Repository.withSandbox("--teleport", teleport);
    const before = await repository.keys();
    await repository.walkTo("standby");
    const after = await repository.keys();
    expect(after.active).not.toEqual(before.active);
    expect(after.trusted).toEqual([]);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(0);
    expect(plan.clusters[0]?.drift).toEqual([]);
    const calls = await repository.calls();
    const rotations = calls.filter((argv) => argv[0] === "auth" && argv[1] === "rotate");
    expect(rotations).toHaveLength(4);
    expect(rotations.every((argv) => argv.includes("--manual"))).toBe(true);
    expect(calls.some((argv) => argv[0] === "create")).toBe(false);
  });

  it.each([["update_clients"], ["update_servers"]])(
    "rolls back from %s to the key it came from",
    async (phase) => {
      repository = await Repository.withSandbox("--teleport", teleport);
      const before = await repository.keys();
      await repository.walkTo(phase);
      await repository.rotate("rollback", "host");
      expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(0);
      expect(await repository.keys()).toEqual(before);
      expect((await repository.plan()).exit).toBe(0);
    },
  );
});

describe("a rollback from init", () => {
  let repository: Repository;
  afterEach(async () => repository.remove());

  it("gives the old key back on Teleport 18", async () => {
    repository = await Repository.withSandbox();
    const before = await repository.keys();
    await repository.walkTo("init");
    await repository.rotate("rollback", "host");
    expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(0);
    expect(await repository.keys()).toEqual(before);
  });

  it("is found to have kept the new key on Teleport 5 (recordings/README)", async () => {
    repository = await Repository.withSandbox("--teleport", "5");
    const before = await repository.keys();
    await repository.walkTo("init");
    await repository.rotate("rollback", "host");
    // In rollback the new key signs: the old one is what standby drops, and nobody has approved that yet.
    const held = await repository.capstan("apply", "--auto-approve");
    expect(held.exit).toBe(3);
    expect(flat(held.stderr)).toContain(
      "host rollback → standby was the point of no return in the plan, and was not approved by itself: --approve-final",
    );
    expect((await repository.keys()).trusted).toEqual(before.active);
    const applied = await repository.capstan("apply", "--auto-approve", "--approve-final");
    expect(applied.exit).toBe(3);
    expect(flat(applied.stderr)).toContain("the platform kept the new key");
    expect((await repository.keys()).active).not.toEqual(before.active);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(JSON.stringify(plan)).toContain("cannot be rolled back");
  });
});
