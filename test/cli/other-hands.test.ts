import "../world/in-process.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guardOf, Repository } from "../world/repository.ts";

/** Somebody else rotates: capstan says so, and refuses to fight. */
describe("by hand", () => {
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.withSandbox();
  });
  afterEach(async () => repository.remove());

  const rotate = (...flags: readonly string[]) => repository.tctl("auth", "rotate", ...flags);

  async function refusesToFight(): Promise<void> {
    const rotations = async () =>
      (await repository.calls()).filter((argv) => argv[0] === "auth" && argv[1] === "rotate").length;
    const before = await rotations();
    expect((await repository.capstan("apply", "--auto-approve", "--approve-final")).exit).toBe(3);
    expect(await rotations()).toBe(before);
  }

  it("a rotation that no resource declares is drift that blocks", async () => {
    await rotate("--manual", "--type=host", "--phase=init");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(plan.clusters[0]?.drift.map(({ id }) => id)).toEqual(["foreign-rotation"]);
    await refusesToFight();
  });

  it("another CA in rotation holds up ours", async () => {
    await rotate("--manual", "--type=user", "--phase=init");
    await repository.rotate("start", "host");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(guardOf(plan, "exclusive")?.findings[0]?.subject).toBe("authority/user");
    await refusesToFight();
  });

  it("our rotation switched to automatic mode", async () => {
    await repository.walkTo("init");
    await rotate("--type=host", "--phase=update_clients");
    await repository.rotate("advance", "host");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(guardOf(plan, "mode")?.outcome).toBe("fail");
    await refusesToFight();
  });

  it("our rotation rolled back and another one started in its place", async () => {
    await repository.walkTo("init");
    for (const phase of ["rollback", "standby", "init"])
      await rotate("--manual", "--type=host", `--phase=${phase}`);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(guardOf(plan, "foreign-rotation")?.outcome).toBe("fail");
    await refusesToFight();
  });

  it("our rotation rolled back: it is not started again", async () => {
    await repository.walkTo("init");
    for (const phase of ["rollback", "standby"]) await rotate("--manual", "--type=host", `--phase=${phase}`);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(JSON.stringify(plan)).toContain("was rolled back outside capstan");
    await refusesToFight();
  });

  it("our rotation moved ahead of git", async () => {
    await repository.walkTo("init");
    await rotate("--manual", "--type=host", "--phase=update_clients");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(guardOf(plan, "phase-order")?.findings[0]?.message).toContain("ahead of init in git");
    await refusesToFight();
  });
});
