import "../world/in-process.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { eventually, guardOf, Repository, subjectsOf } from "../world/repository.ts";

/** A node that is off before, during and after each phase: named, blocking, and forgiven when it returns. */
describe.each([
  ["init", "advance"],
  ["update_clients", "advance"],
  ["update_servers", "finish"],
])("in %s", (phase, next) => {
  let repository: Repository;
  beforeAll(async () => {
    repository = await Repository.withSandbox();
    await repository.walkTo(phase);
  });
  afterAll(async () => repository.remove());

  it("a node whose row has expired from the listing blocks, by name", async () => {
    await repository.must("sandbox", "fault", "node2", "offline", "--expired");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(subjectsOf(guardOf(plan, "roster")?.findings)).toEqual(["node/node2"]);
  });

  it("so does the step out of the phase, and apply takes nothing", async () => {
    await repository.rotate(next, "host");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(guardOf(plan, "roster")?.outcome).toBe("fail");
    const before = await repository.keys();
    expect((await repository.capstan("apply", "--auto-approve", "--approve-final")).exit).toBe(3);
    expect(await repository.keys()).toEqual(before);
  });

  it("a waiver with a reason lets it go on", async () => {
    const file = (await repository.git("ls-files", "*rotations*")).trim();
    const waiver = [
      "  waive:",
      "    - guard: roster",
      "      subject: node/node2",
      "      reason: scrapped, see ticket 4711",
      "      expires: 2999-01-01",
    ];
    const path = join(repository.folder, file);
    await writeFile(path, `${await repository.git("show", `HEAD:${file}`)}\n${waiver.join("\n")}\n`);
    await repository.commit("node2 is gone for good");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(2);
    expect(guardOf(plan, "roster")?.waived[0]?.reason).toContain("4711");
    await repository.git("reset", "--quiet", "--hard", "HEAD~1");
  });

  it("when it returns, the plan is ready", async () => {
    await repository.must("sandbox", "fault", "node2", "clear");
    const { exit } = await eventually(
      () => repository.plan(),
      ({ exit }) => exit !== 3,
    );
    expect(exit).toBe(2);
    expect((await repository.capstan("apply", "--auto-approve", "--approve-final")).exit).toBe(0);
  });
});

describe("before the rotation", () => {
  let repository: Repository;
  beforeAll(async () => {
    // Slow enough for a look between the last announcement and the end of its row, on a busy machine too.
    repository = await Repository.withSandbox("--speed", "30");
  });
  afterAll(async () => repository.remove());

  it("a node that has stopped announcing itself blocks the start", async () => {
    await repository.must("sandbox", "fault", "node2", "offline");
    await repository.rotate("start", "host");
    const { plan } = await eventually(
      () => repository.plan(),
      ({ exit }) => exit === 3,
    );
    expect(subjectsOf(guardOf(plan, "roster")?.findings)).toEqual(["node/node2"]);
  });
});

describe("during a phase", () => {
  let repository: Repository;
  beforeAll(async () => {
    repository = await Repository.withSandbox();
  });
  afterAll(async () => repository.remove());

  it("a node that does not follow in time turns the rotation back, and it stays back", async () => {
    const before = await repository.keys();
    await repository.must("sandbox", "fault", "node2", "stuck");
    await repository.rotate("start", "host");
    const applied = await repository.capstan("apply", "--auto-approve");
    expect(applied.exit).toBe(4);
    expect(flat(applied.stderr)).toContain("node/node2");
    expect(await repository.keys()).toEqual(before);
    const again = await repository.plan();
    expect(again.exit).toBe(3);
    expect(JSON.stringify(again.plan)).toContain("the same content does not start it again");
  });
});
