import "../world/in-process.ts";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HistoryStory } from "../world/history-story.ts";
import { eventually, type Ran, Repository } from "../world/repository.ts";

const REFS = "kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { record: refs }\n";
const FOLDER = REFS.replace("refs", "folder");

async function write(machine: { readonly folder: string }, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(machine.folder, path)), { recursive: true });
  await writeFile(join(machine.folder, path), text);
}

const flat = ({ stdout, stderr }: Ran) => `${stdout} ${stderr}`.replaceAll(/\s+/g, " ");

describe("who may write: the repository resource is of the git repository, whichever folder is called", () => {
  let story: HistoryStory;
  beforeAll(async () => {
    story = await HistoryStory.begin();
  });
  afterAll(async () => story.end());

  /** All resources below `pki`, and the `repository` resource where it is said to be. */
  async function arranged(...places: readonly (readonly [path: string, text: string])[]) {
    const machine = await story.clone(await story.remote());
    await machine.git("mv", "clusters", "pki");
    await machine.git("rm", "--quiet", "-f", "pki/capstan.yaml");
    for (const [path, text] of places) await write(machine, path, text);
    await machine.commit("arranged");
    await machine.git("push", "--quiet", "origin", "HEAD:main");
    return machine;
  }

  const recordFolder = (machine: Repository) =>
    [".capstan/record", "pki/.capstan"].filter((path) => existsSync(join(machine.folder, path)));

  it.each([
    ["at the top", "repository.yaml"],
    ["in the folder", "pki/repository.yaml"],
    ["below the folder", "pki/settings/pki.yml"],
    ["in another folder", "settings/capstan.yaml"],
  ])("%s: a run at the top and one in a sub-folder have one record", async (_where, path) => {
    const machine = await arranged([path, REFS]);
    for (const args of [[], ["-C", "pki"]]) {
      // The record of the start is at hand: by another one the rotation in progress would be nobody's.
      const applied = await machine.capstan("apply", ...args);
      expect(applied.exit, flat(applied)).toBe(0);
    }
    expect(recordFolder(machine)).toEqual([]);
  });

  it("every command reads that record", async () => {
    const machine = await arranged(["settings/capstan.yaml", REFS]);
    const commands = [
      ["plan"],
      ["plan", "--base", "origin/main", "--trust-head"],
      ["plan", "--uncommitted"],
      ["status"],
      ["validate"],
      ["doctor"],
      ["lock", "show"],
      ["reconcile", "--once"],
    ];
    for (const command of commands) {
      const ran = await machine.capstan(...command, "-C", "pki");
      expect(flat(ran), command.join(" ")).not.toMatch(
        /of this machine alone|knows nothing of|record is empty/,
      );
      expect(ran.exit, flat(ran)).toBe(0);
    }
    expect(recordFolder(machine)).toEqual([]);
  });

  it("two that agree are one, and two that disagree are an error that names both", async () => {
    const machine = await arranged(["repository.yaml", REFS], ["settings/again.yaml", REFS]);
    expect((await machine.capstan("apply", "-C", "pki")).exit).toBe(0);
    await write(machine, "settings/again.yaml", FOLDER);
    await machine.commit("another");
    for (const args of [["plan"], ["apply"], ["lock", "show"], ["validate"]]) {
      const ran = await machine.capstan(...args, "-C", "pki");
      expect(ran.exit, flat(ran)).toBe(1);
      expect(flat(ran)).toMatch(/\.\.\/settings\/again\.yaml:1:1: error: .*\.\.\/repository\.yaml:1/);
    }
    expect(recordFolder(machine)).toEqual([]);
  });

  it.each([
    ["a field that is not known", REFS.replace("record:", "recrod:"), /did you mean "record"/],
    ["no sound YAML", `${REFS}broken: [\n`, /not valid YAML/],
  ])(
    "one with %s is an error from every folder, and no reason for another record",
    async (_what, text, says) => {
      const machine = await arranged(["repository.yaml", text]);
      for (const args of [["plan"], ["apply"], ["lock", "show"]]) {
        const ran = await machine.capstan(...args, "-C", "pki");
        expect(ran.exit, flat(ran)).toBe(1);
        expect(flat(ran)).toMatch(says);
        expect(flat(ran)).toContain("../repository.yaml:");
      }
      expect(recordFolder(machine)).toEqual([]);
    },
  );

  it("other people's YAML in other folders is in nobody's way", async () => {
    const machine = await arranged(
      ["repository.yaml", REFS],
      ["charts/templates/all.yaml", "{{- range .Values.all }}\nkind: repository\n{{ end }}: [\n"],
      ["others/api.yaml", "apiVersion: example.com/v1\nkind: repository\nspec: { url: there }\n"],
      ["others/plain.yaml", "kind: repository\nurl: there\n"],
      ["others/cluster.yaml", "kind: cluster\nversion: v1\nnonsense: yes\n"],
      ["others/broken.yaml", "a: [\n"],
    );
    const ran = await machine.capstan("apply", "-C", "pki");
    expect(ran.exit, flat(ran)).toBe(0);
    expect(recordFolder(machine)).toEqual([]);
  });

  it("edited and not committed, it holds up apply from every folder", async () => {
    const machine = await arranged(["repository.yaml", REFS]);
    await write(machine, "repository.yaml", FOLDER);
    const ran = await machine.capstan("apply", "-C", "pki");
    expect(ran.exit, flat(ran)).toBe(1);
    expect(flat(ran)).toContain("this is not: ../repository.yaml");
  });

  it("what the branch says by now counts, in another folder, too", async () => {
    const machine = await arranged(["repository.yaml", REFS]);
    const other = await story.clone(await machine.git("remote", "get-url", "origin"));
    await write(other, "repository.yaml", REFS.replace("refs }", "refs, require_plan: true }"));
    await other.commit("only plans that were approved");
    await other.git("push", "--quiet", "origin", "HEAD:main");
    const ran = await machine.capstan("apply", "-C", "pki");
    expect(ran.exit, flat(ran)).toBe(1);
    expect(flat(ran)).toContain("has moved on from commit");
  });

  it("one of a submodule is not taken for one of the repository around it", async () => {
    const machine = await arranged(["repository.yaml", REFS]);
    const inner = await story.clone(await story.remote());
    await inner.git("checkout", "--quiet", "--orphan", "alone");
    await inner.git("rm", "--quiet", "-r", "-f", ".");
    await write(inner, "capstan.yaml", REFS);
    await inner.commit("alone");
    await inner.git("push", "--quiet", "origin", "HEAD:alone");
    const url = await inner.git("remote", "get-url", "origin");
    const allowed = ["-c", "protocol.file.allow=always"];
    await machine.git(...allowed, "submodule", "--quiet", "add", "-b", "alone", url, "pki/inner");
    await machine.commit("with a submodule");
    const ran = await machine.capstan("plan", "-C", "pki");
    expect(ran.exit, flat(ran)).toBe(1);
    expect(flat(ran)).toContain("inner/capstan.yaml:1:1: error: a repository resource in a submodule");
  });
});

describe("who may write: two runs through the executable, one at the top and one in a sub-folder", () => {
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.withSandbox();
    await repository.takesItsTime();
  });
  afterEach(() => repository.remove());

  const at = (folder: string) => new Repository(join(repository.folder, folder));
  const rotations = async () => (await repository.calls()).filter((argv) => argv[1] === "rotate").length;

  it.each(["refs", "folder"] as const)("share one lock and one record, in %s", async (record) => {
    await repository.git("mv", "clusters", "pki");
    await write(repository, "settings/capstan.yaml", record === "refs" ? REFS : FOLDER);
    await execa("git", ["init", "--quiet", "--bare", join(repository.folder, ".capstan", "remote.git")]);
    await repository.git("remote", "add", "origin", join(repository.folder, ".capstan", "remote.git"));
    await repository.must("rotate", "start", "host", "-C", "pki");
    await repository.commit("start");
    const branch = await repository.git("branch", "--show-current");
    await repository.git("push", "--quiet", "origin", branch);
    await repository.git("symbolic-ref", "refs/remotes/origin/HEAD", `refs/remotes/origin/${branch}`);
    await repository.must("sandbox", "fault", "node3", "stuck");
    const first = at("pki").start(["apply", "--auto-approve"]);
    await eventually(rotations, (count) => count === 1);
    for (const [folder, dir] of [
      [".", "."],
      [".", "pki"],
      ["pki", "."],
    ] as const) {
      const second = await at(folder).capstan("apply", dir, "--auto-approve");
      expect(second.exit, second.stderr).toBe(6);
      const shown = await at(folder).capstan("lock", "show", "-C", dir);
      expect(shown.stdout, shown.stderr).toContain("holds the lock of acme.cluster");
    }
    await repository.must("sandbox", "fault", "node3", "clear");
    const { exitCode, stderr } = await first;
    expect(exitCode, String(stderr)).toBe(0);
    expect(await rotations()).toBe(1);
    for (const folder of [".", "pki"]) {
      const plan = await at(folder).capstan("plan");
      expect(plan.exit, plan.stdout).toBe(0);
    }
    const inFolder = existsSync(join(repository.folder, ".capstan", "record"));
    const listed = await repository.git("ls-remote", "origin", "refs/capstan/record/*");
    expect({ inFolder, inRefs: listed !== "" }).toEqual({
      inFolder: record === "folder",
      inRefs: record === "refs",
    });
    expect(existsSync(join(repository.folder, "pki", ".capstan"))).toBe(false);
  });
});
