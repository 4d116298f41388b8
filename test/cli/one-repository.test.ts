import "../world/in-process.ts";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { eventually, Repository } from "../world/repository.ts";

let repository: Repository;

afterEach(() => repository.remove());

const at = (folder: string) => new Repository(join(repository.folder, folder));

async function rotations(): Promise<number> {
  return (await repository.calls()).filter((argv) => argv[1] === "rotate").length;
}

describe("who may write: one record and one lock, whichever folder a command is about", () => {
  beforeEach(async () => {
    repository = await Repository.withSandbox();
    await mkdir(join(repository.folder, "pki"));
    for (const name of ["cluster.yaml", "authorities.yaml"]) {
      // Wherever init wrote them: all YAML moves.
      const found = (await repository.git("ls-files", `*${name}`)).split("\n").filter((path) => path !== "");
      for (const path of found) await repository.git("mv", path, `pki/${path.replaceAll("/", "-")}`);
    }
    await repository.commit("below a folder");
    await repository.must("rotate", "start", "host", "-C", "pki");
    await repository.commit("start");
    await repository.must("sandbox", "fault", "node3", "stuck");
  });

  it("of two applies in two folders the second is told who is at work, and one rotates", async () => {
    const first = at(".").start(["apply", "pki", "--auto-approve"]);
    await eventually(rotations, (count) => count === 1);
    for (const [folder, dir] of [
      ["pki", "."],
      [".", "."],
      [".", "pki"],
    ] as const) {
      const second = await at(folder).capstan("apply", dir, "--auto-approve");
      expect(second.exit, second.stderr).toBe(6);
      expect(flat(second.stderr)).toContain("holds the lock of acme.cluster");
      expect((await at(folder).capstan("lock", "show", "-C", dir)).stdout).toContain(
        "alive: its process runs on this machine",
      );
    }
    const [lock] = JSON.parse((await at("pki").capstan("lock", "show", "--format", "json")).stdout).locks;
    const kept = await at("pki").capstan("lock", "release", "--id", lock.id);
    expect(kept.exit).toBe(1);
    expect(flat(kept.stderr)).toContain("is alive");
    expect(flat(kept.stderr)).toContain("two runs may be at work on the cluster");
    await repository.must("sandbox", "fault", "node3", "clear");
    expect((await first).exitCode).toBe(0);
    expect(await rotations()).toBe(1);
    const plan = await at("pki").capstan("plan");
    expect(plan.exit, plan.stdout).toBe(0);
  });

  it("a run whose lock is taken by force does nothing more to the cluster", async () => {
    const first = at("pki").start(["apply", "--auto-approve"]);
    await eventually(rotations, (count) => count === 1);
    const [lock] = JSON.parse((await at(".").capstan("lock", "show", "--format", "json")).stdout).locks;
    const released = await at(".").capstan("lock", "release", "--force", "--id", lock.id);
    expect(released.exit).toBe(0);
    expect(released.stdout.replace(/\s+/g, " ")).toContain("that run writes nothing more");
    await repository.must("sandbox", "fault", "node3", "clear");
    const { exitCode, stderr } = await first;
    expect(exitCode, String(stderr)).toBe(6);
    expect(flat(String(stderr))).toContain("lost the lock of acme.cluster");
    expect((await at(".").capstan("apply", "pki", "--auto-approve")).exit).toBe(0);
    expect(await rotations()).toBe(1);
  });
});

describe("an upgrade from 0.1.0 in the middle of a rotation, with its record below a folder", () => {
  it.each(["init", "update_servers"] as const)("in %s: goes on, and loses nothing", async (phase) => {
    repository = await Repository.withSandbox();
    await repository.walkTo(phase);
    const home = join(repository.folder, ".capstan");
    const older = join(repository.folder, "pki", ".capstan");
    await mkdir(older, { recursive: true });
    await writeFile(join(older, "..", "README.md"), "a folder that 0.1.0 was called for\n");
    for (const part of ["record", "journal.jsonl"]) await rename(join(home, part), join(older, part));
    for (const part of ["locks", "lock.json", ".gitignore"]) await rm(join(home, part), { recursive: true });
    const fixture = join(import.meta.dirname, "..", "..", "fixtures", "upgrade", "lock-0.1.0.json");
    const left = { ...JSON.parse(await readFile(fixture, "utf8")), host: hostname(), pid: 2 ** 22 + 1 };
    await writeFile(join(older, "lock.json"), JSON.stringify(left));
    const before = JSON.parse(await readFile(join(older, "record", "acme.cluster.json"), "utf8"));
    await repository.rotate(phase === "init" ? "advance" : "finish", "host");
    const ran = await at(".").capstan("apply", "--auto-approve", "--approve-final");
    expect(ran.exit, ran.stderr).toBe(0);
    expect(flat(ran.stderr)).toContain(`the record of acme.cluster moved from ${older}`);
    const after = JSON.parse(await readFile(join(home, "record", "acme.cluster.json"), "utf8"));
    expect(after.rotations[0]).toMatchObject({
      started_at: before.rotations[0].started_at,
      current_id: before.rotations[0].current_id,
    });
    expect(await readFile(join(home, "journal.jsonl"), "utf8")).toContain('"to":"init"');
    // What 0.1.0 reads as held by another machine, in both places.
    for (const place of [home, older]) {
      expect(JSON.parse(await readFile(join(place, "lock.json"), "utf8"))).toMatchObject({
        host: "every host",
        who: "a newer version of capstan",
      });
    }
  });
});

describe("a folder of the clone that has none of its resources", () => {
  beforeEach(async () => {
    repository = await Repository.create();
    for (const folder of ["docs/old", "pki"])
      await mkdir(join(repository.folder, folder), { recursive: true });
    await writeFile(join(repository.folder, "docs", "old", "README.md"), "How it was.\n");
  });

  it("names the folder that has them, from where one stands", async () => {
    await writeFile(
      join(repository.folder, "pki", "a.yaml"),
      "kind: cluster\nversion: v1\nmetadata: { name: a }\nspec: { platform: teleport, tctl: { command: [tctl] } }\n",
    );
    await repository.commit("what is wanted");
    for (const [cwd, folder, above] of [
      ["docs/old", ".", "../.."],
      ["docs", "old", ".."],
      [".", "docs", "."],
    ] as const) {
      for (const command of ["validate", "plan", "status", "rotate start host"]) {
        const { exit, stdout, stderr } = await at(cwd).capstan(...command.split(" "), "-C", folder);
        const said = flat(stdout + stderr);
        expect([exit, said]).toEqual([1, expect.stringMatching(/there (are some|is one) further up/)]);
        expect(said).toContain(`\`-C ${above}\``);
      }
    }
  });

  it("speaks of init where no folder of the commit has one", async () => {
    await repository.commit("a page");
    for (const command of ["validate", "plan", "rotate start host"]) {
      const { stdout, stderr } = await at("docs/old").capstan(...command.split(" "));
      expect(flat(stdout + stderr), command).toContain("`capstan init` writes");
    }
  });
});
