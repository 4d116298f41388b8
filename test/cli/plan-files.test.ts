import "../world/in-process.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanFile } from "../../src/planner/saved/plan-file.ts";
import { flat } from "../world/flat.ts";
import type { Ran, Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";

/** One cluster, in which nothing is applied until the last test. */
describe("what apply insists on", () => {
  let team: Team;
  let machine: Repository;
  let wrote: Ran;
  const file = (name: string) => join(team.folder, name);
  const read = async (name: string): Promise<PlanFile> => JSON.parse(await readFile(file(name), "utf8"));
  const rotations = async () => (await team.home.calls()).filter((argv) => argv[1] === "rotate");

  beforeAll(async () => {
    team = await Team.create({ spec: "{ record: refs, branch: main, require_plan: true }" });
    await team.rotate("start", "host", "--name=host-2026-11");
    machine = await team.machine();
    wrote = await machine.capstan("plan", "--out", file("plan.json"), "--base", "HEAD^");
  });
  afterAll(async () => team.remove());

  it("a plan is written, shown without a cluster, and says what is changed in git", async () => {
    expect(wrote.exit).toBe(2);
    const { fingerprint } = await read("plan.json");
    expect(flat(wrote.stderr)).toContain(`fingerprint ${fingerprint}`);
    const change = "- acme.cluster: rotation host-2026-11 is added, at init";
    expect(wrote.stdout).toContain(change);
    const shown = await machine.must("show", file("plan.json"));
    for (const text of [fingerprint, change, "Ready. 1 step"]) expect(shown.stdout).toContain(text);
    const markdown = await machine.must("show", file("plan.json"), "--format", "markdown");
    expect(markdown.stdout).toContain(`capstan apply ${file("plan.json")}`);
    const json = await machine.must("show", file("plan.json"), "--format", "json");
    expect(JSON.parse(json.stdout)).toEqual(await read("plan.json"));
  });

  it("the plan that is expected is made, any other is refused", async () => {
    const { fingerprint } = await read("plan.json");
    expect((await machine.capstan("plan", "--expect", fingerprint)).exit).toBe(2);
    for (const command of ["plan", "apply"]) {
      const other = await machine.capstan(command, "--expect", `sha256:${"0".repeat(64)}`);
      expect(other.exit).toBe(5);
      expect(flat(other.stderr)).toContain("the plan is not the one that was approved: its fingerprint is");
    }
  });

  /** Who tries to apply what, the exit code, and the sentence that no other refusal has. */
  const REFUSED: Readonly<Record<string, readonly [() => Promise<Ran>, exit: number, sentence: string]>> = {
    "without a plan": [
      () => machine.capstan("apply", "--auto-approve"),
      5,
      "takes only a plan that was approved, and none is given",
    ],
    "a plan that was edited": [
      async () => {
        const { plan, ...rest } = await read("plan.json");
        await writeFile(
          file("edited.json"),
          JSON.stringify({ ...rest, plan: { ...plan, outcome: "blocked" } }),
        );
        return await machine.capstan("apply", file("edited.json"), "--auto-approve");
      },
      5,
      "was changed after capstan wrote it",
    ],
    "a plan of another commit": [
      async () => {
        const other = await team.machine();
        await other.git("commit", "--quiet", "--allow-empty", "--message", "nothing");
        return await other.capstan("apply", file("plan.json"), "--auto-approve");
      },
      5,
      "was made of commit",
    ],
    "a plan for another cluster": [
      () => machine.capstan("apply", file("plan.json"), "--cluster", "acme.cluster2"),
      1,
      'there is no cluster "acme.cluster2"',
    ],
    "what is no plan": [
      () => machine.capstan("apply", "capstan.yaml", "--auto-approve"),
      1,
      "capstan.yaml is no plan file: it is not JSON",
    ],
    "what is not there": [
      () => machine.capstan("apply", "nothing.json"),
      1,
      "cannot read the plan file nothing.json",
    ],
    "an edit that is not committed": [
      async () => {
        const other = await team.machine();
        await other.edit("clusters/acme.cluster/cluster.yaml", (text) => `${text}# edited\n`);
        return await other.capstan("apply", file("plan.json"), "--auto-approve");
      },
      1,
      "only what is committed, and this is not: clusters/acme.cluster/cluster.yaml",
    ],
    "a resource that git does not know": [
      async () => {
        const other = await team.machine();
        await writeFile(join(other.folder, ".gitignore"), "mine.yaml\n.capstan/\n");
        await writeFile(join(other.folder, "mine.yaml"), await readFile(join(other.folder, "capstan.yaml")));
        await writeFile(join(other.folder, "capstan.yaml"), "");
        return await other.capstan("apply", file("plan.json"), "--auto-approve");
      },
      1,
      "mine.yaml",
    ],
    "a commit that was not merged": [
      async () => {
        const other = await team.machine();
        await other.rotate("rollback", "host");
        return await other.capstan("apply", "--expect", `sha256:${"0".repeat(64)}`, "--auto-approve");
      },
      1,
      "is not on main of origin",
    ],
  };

  it.each(Object.keys(REFUSED))("%s: refused", async (name) => {
    const [attempt, exit, sentence] = REFUSED[name] ?? expect.fail();
    const ran = await attempt();
    expect(flat(ran.stderr)).toContain(sentence);
    expect(ran.exit).toBe(exit);
    expect(ran.stdout).toBe("");
    const others = Object.values(REFUSED).filter(([, , other]) => other !== sentence);
    for (const [, , other] of others) expect(flat(ran.stderr)).not.toContain(other);
    expect(await rotations()).toEqual([]);
  });

  it("a commit that the branch has left behind: refused where its resources are others by now", async () => {
    const behind = await team.machine();
    const pusher = await team.machine();
    await writeFile(
      join(pusher.folder, "capstan.yaml"),
      "kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { record: refs, branch: main }\n",
    );
    await pusher.commit("no plan is required");
    await pusher.git("push", "--quiet", "origin", "HEAD:main");
    const ran = await behind.capstan("apply", file("plan.json"), "--auto-approve");
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain("main of origin has moved on from commit");
    expect(await rotations()).toEqual([]);
  });

  it("the plan that was approved is applied, once; then it is stale, and says what moved", async () => {
    const runner = await team.machine();
    await runner.capstan("plan", "--out", file("approved.json"));
    expect((await runner.capstan("apply", file("approved.json"), "--auto-approve")).exit).toBe(0);
    expect(await rotations()).toHaveLength(1);
    const again = await runner.capstan("apply", file("approved.json"), "--auto-approve");
    expect(again.exit).toBe(5);
    expect(flat(again.stderr)).toContain("approved.json is stale: since");
    expect(again.stdout).not.toMatch(/No changes|equals|othing was looked at/);
    expect(flat(again.stderr)).toContain("acme.cluster host: the phase was standby, and is init");
    expect(flat(again.stderr)).toContain("host: standby → init was planned, and is not any more");
    expect(await rotations()).toHaveLength(1);
  });
});
