import "../world/in-process.ts";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shardOf } from "../../src/fleet/shard.ts";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

const RINGS = { "a.example": "canary", "b.example": "canary", "c.example": "rest" };

/** Nobody answers there: git alone says which keys sign. */
function resources(name: string, ring: string): string {
  return `kind: cluster
version: v1
metadata: { name: ${name}, labels: { ring: ${ring} } }
spec:
  platform: teleport
  teleport: { tctl: ["false"] }
---
kind: certificate_authority
sub_kind: host
version: v1
metadata: { name: ${name} }
spec:
  active_keys: [sha256:${name.charAt(0).repeat(64)}]
`;
}

describe("rotate of a campaign", () => {
  let repository: Repository;

  beforeAll(async () => {
    repository = await Repository.create();
    for (const [name, ring] of Object.entries(RINGS)) {
      await mkdir(join(repository.folder, name));
      await writeFile(join(repository.folder, name, "cluster.yaml"), resources(name, ring));
    }
  });
  afterAll(() => repository.remove());

  const read = (file: string) => readFile(join(repository.folder, file), "utf8");
  const canaries = ["a.example/rotations/host.yaml", "b.example/rotations/host.yaml"] as const;

  it("start writes one resource for each that is selected, of one name, and none for the others", async () => {
    const { exit, stdout } = await repository.capstan(
      "rotate",
      "start",
      "host",
      "--selector",
      "ring=canary",
      "--name",
      "host",
    );
    expect(exit).toBe(0);
    for (const file of canaries) {
      expect(stdout).toContain(`wrote ${file}`);
      expect(await read(file)).toContain("name: host");
      expect(await read(file)).toContain(`cluster: ${file.split("/")[0]}`);
    }
    await expect(read("c.example/rotations/host.yaml")).rejects.toThrow();
    expect((await repository.capstan("validate")).exit).toBe(0);
  });

  it("advance edits all of them, and names the one that it could not", async () => {
    const edit = (verb: string) =>
      repository.capstan("rotate", verb, "host", "--cluster", "a.example", "--cluster", "b.example");
    expect((await edit("advance")).exit).toBe(0);
    for (const file of canaries) expect(await read(file)).toContain("phase: update_clients");
    const file = join(repository.folder, canaries[1]);
    await writeFile(
      file,
      (await read(canaries[1])).replace("phase: update_clients", "phase: update_servers"),
    );
    const { exit, stdout, stderr } = await edit("advance");
    expect(exit).toBe(1);
    expect(stdout).toContain(`${canaries[0]}: host update_clients → update_servers`);
    expect(flat(stderr)).toContain("error: b.example: host is at update_servers");
  });

  it("rollback edits all of them", async () => {
    const { exit } = await repository.capstan("rotate", "rollback", "host", "--selector", "ring=canary");
    expect(exit).toBe(0);
    for (const file of canaries) expect(await read(file)).toContain("phase: rollback");
  });

  it("of several that nobody selected it asks which", async () => {
    const { exit, stderr } = await repository.capstan("rotate", "start", "host");
    expect(exit).toBe(1);
    expect(flat(stderr)).toContain("there are several clusters");
  });

  it("start with another name for a key that is being rotated is refused, and changes nothing", async () => {
    const before = await read(canaries[0]);
    const again = (...args: readonly string[]) =>
      repository.capstan("rotate", "start", "host", "--cluster", "a.example", "--reason", "again", ...args);
    const { exit, stderr } = await again("--name", "x2");
    expect(exit).toBe(1);
    expect(flat(stderr)).toContain("rotates this CA already, and keeps its name");
    expect(await read(canaries[0])).toBe(before);
    expect((await again()).exit).toBe(0);
    expect(await read(canaries[0])).toContain("again");
  });

  it("says as JSON what was written for each cluster", async () => {
    const args = [
      "rotate",
      "start",
      "user",
      "--selector",
      "ring=canary",
      "--name",
      "user",
      "--format",
      "json",
    ];
    const failed = await repository.capstan(...args);
    expect(failed.exit).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({ outcome: "nothing_written", files: [], next: null });
    const again = [
      "rotate",
      "start",
      "host",
      "--cluster",
      "b.example",
      "--reason",
      "once more",
      "--format",
      "json",
    ];
    const { exit, stdout } = await repository.capstan(...again);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "written", files: [canaries[1]], problems: [] });
  });

  it("names as JSON whom it could not edit, beside what was written", async () => {
    const both = ["--cluster", "b.example", "--cluster", "c.example"];
    const { exit, stdout } = await repository.capstan(
      "rotate",
      "advance",
      "host",
      ...both,
      "--format",
      "json",
    );
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: "written",
      files: [canaries[1]],
      problems: [
        {
          cluster: "c.example",
          code: "usage",
          message: "no ca_rotation in git rotates host",
          // Others rotate it: to name the same type once more would help nobody.
          remedy: "`capstan rotate start host --cluster c.example` writes one",
        },
      ],
    });
  });

  it("a shard without clusters says that nothing was looked at, and calls nothing equal", async () => {
    await repository.commit("campaign");
    const index = [...Array(8).keys()].find((at) =>
      Object.keys(RINGS).every((name) => shardOf(name, 8) !== at),
    );
    const runs = [
      ["plan"],
      ["plan", "--format", "markdown"],
      ["status"],
      ["status", "--format", "markdown"],
      ["apply", "--auto-approve"],
    ];
    for (const args of runs) {
      const { exit, stdout, stderr } = await repository.capstan(...args, "--shard", `${index}/8`);
      expect(exit).toBe(0);
      expect(flat(stdout + stderr), args.join(" ")).toContain("othing was looked at");
      expect(stdout).not.toMatch(/equals|No changes/);
    }
    for (const command of ["plan", "status"]) {
      const { stdout } = await repository.capstan(command, "--format", "json", "--shard", `${index}/8`);
      expect(JSON.parse(stdout)).toMatchObject({ nothing_looked_at: true, clusters: [] });
    }
    const named = await repository.capstan("plan", "--cluster", "a.example", "--shard", `${index}/8`);
    expect(named.exit).toBe(1);
    expect(flat(named.stderr)).toContain(`a.example is in ${shardOf("a.example", 8)}/8`);
  });

  it("waves with a shard need a record that all machines see", async () => {
    const waves =
      "kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { waves: [{ name: all, selector: {} }] }\n";
    await writeFile(join(repository.folder, "repository.yaml"), waves);
    const { exit, stderr } = await repository.capstan("rotate", "advance", "host", "--shard", "0/2");
    expect(exit).toBe(1);
    expect(flat(stderr)).toContain("`record: refs`");
  });
});
