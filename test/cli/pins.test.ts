import "../world/in-process.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { guardOf, Repository, subjectsOf } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

async function joinWith(...pins: readonly string[]): Promise<void> {
  const text = `teleport:\n  ca_pin:\n${pins.map((pin) => `    - "${pin}"\n`).join("")}`;
  await writeFile(join(repository.folder, "teleport.yaml"), text);
  await repository.commit("how agents join");
}

it("a teleport.yaml in git has to list both pins, and the new one alone at the end", async () => {
  repository = await Repository.withSandbox();
  const { active: old } = await repository.keys();
  await joinWith(...old);
  await repository.walkTo("init");
  const { trusted: fresh } = await repository.keys();

  await repository.rotate("advance", "host");
  const { exit, plan } = await repository.plan();
  expect(exit).toBe(3);
  expect(subjectsOf(guardOf(plan, "pins")?.findings)).toEqual(["file/teleport.yaml"]);
  expect(plan.clusters[0]?.rotations[0]?.ca_pins).toEqual({ old, new: fresh });
  const validated = await repository.must("validate");
  expect(validated.stdout).toContain("teleport.yaml:3:1: warning: lacks the new CA pin");

  await joinWith(...old, ...fresh);
  expect((await repository.must("validate")).stdout).not.toContain("warning");
  await repository.must("apply", "--auto-approve");
  for (const action of ["advance", "finish"]) {
    await repository.rotate(action, "host");
    await repository.must("apply", "--auto-approve", "--approve-final");
  }
  const done = await repository.plan();
  expect(done.exit).toBe(0);
  expect(done.plan.clusters[0]?.rotations[0]?.notes).toEqual([
    `teleport.yaml:3 still lists the CA pin of the retired key, ${old[0]}`,
  ]);
  expect((await repository.must("validate")).stdout).toContain("teleport.yaml:3:1: warning: still lists");
  await joinWith(...fresh);
  expect((await repository.must("validate")).stdout).not.toContain("warning");
});
