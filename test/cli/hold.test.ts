import "../world/in-process.ts";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VARIABLE_OPENING } from "../../src/resources/model/variables.ts";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

const CANARY = `# the one in Vienna
kind: cluster
version: v1
metadata: { name: a.example, labels: { ring: canary } }
spec:
  # how it is reached
  platform: teleport
  teleport: { tctl: [tctl] } # on the PATH
`;

const BRACES = `kind: cluster
version: v1
metadata: { name: b.example, labels: { ring: rest } }
spec: { platform: teleport, teleport: { tctl: [tctl] } }
`;

const ROTATION = `kind: ca_rotation
version: v1
metadata: { name: host-2026-11 }
spec:
  cluster: a.example
  authorities:
    - { type: host, retire: [sha256:${"a".repeat(64)}] }
  phase: init # first
`;

describe("capstan hold", () => {
  let repository: Repository;

  beforeAll(async () => {
    repository = await Repository.create();
    await mkdir(join(repository.folder, "clusters"));
  });
  afterAll(() => repository.remove());

  async function hold(...args: readonly string[]) {
    const files = { a: CANARY, b: BRACES, r: ROTATION };
    for (const [name, text] of Object.entries(files))
      await writeFile(join(repository.folder, "clusters", `${name}.yaml`), text);
    const ran = await repository.capstan("hold", ...args);
    const read = (name: string) => readFile(join(repository.folder, "clusters", `${name}.yaml`), "utf8");
    return { ...ran, a: await read("a"), b: await read("b"), r: await read("r") };
  }

  it("says as JSON what was written, and what comes next", async () => {
    const { exit, stdout, a } = await hold("a.example", "--reason", "audit", "--format", "json");
    expect(exit).toBe(0);
    expect(a).toContain("hold:");
    expect(JSON.parse(stdout)).toEqual({
      format_version: "1.0",
      outcome: "written",
      files: ["clusters/a.yaml"],
      message: "clusters/a.yaml: a.example is held until it is taken out: audit",
      problems: [],
      next: "The cluster is as it was. `git status` and `git diff` show what is written here. Commit it, then `capstan plan`.",
    });
  });

  it.each([
    ["2999-12-18T10:00", "18 December 2999, 10:00 UTC"],
    ["2999-12-18T10:00+02:00", "18 December 2999, 08:00 UTC"],
  ])("says which hour %s is", async (until, said) => {
    const { exit, stdout } = await hold("a.example", "--reason", "audit", "--until", until);
    expect(exit).toBe(0);
    expect(flat(stdout)).toContain(`is held until ${said}: audit`);
  });

  it("writes it before all else, keeps comments, and says what it is", async () => {
    const { exit, stdout, a, b } = await hold(
      "a.example",
      "--reason",
      "audit: ask ada",
      "--until",
      "2999-12-18",
    );
    expect(exit).toBe(0);
    expect(a).toBe(
      CANARY.replace(
        "  platform: teleport",
        '  hold: { reason: "audit: ask ada", until: 2999-12-18 }\n  platform: teleport',
      ),
    );
    expect(b).toBe(BRACES);
    expect(stdout).toContain("a.example is held until 18 December 2999: audit: ask ada");
    expect((await repository.capstan("validate")).exit).toBe(0);
  });

  it("of a spec in braces, and of all that are selected", async () => {
    const { a, b } = await hold("--selector", "ring=rest", "--reason", "audit");
    expect(b).toContain(
      'spec: { platform: teleport, teleport: { tctl: [tctl] }, hold: { reason: "audit" } }',
    );
    expect(a).toBe(CANARY);
  });

  it("moves no cursor by the reason that was typed", async () => {
    const { exit, stdout } = await hold("a.example", "--reason", "audit\u001b[2K\u001b[1A gone");
    expect(exit).toBe(0);
    expect(stdout).toContain("is held until it is taken out");
    expect(stdout).not.toContain("\u001b");
  });

  it.each([[[]], [["--format", "json"]]])(
    "says that git has it already, and of no commit: %j",
    async (format) => {
      await hold("a.example", "--reason", "audit");
      const { exit, stdout } = await repository.capstan("hold", "a.example", "--reason", "audit", ...format);
      expect(exit).toBe(0);
      expect(stdout).toContain("Nothing was written: git says so already.");
      expect(stdout).not.toContain("Commit it");
    },
  );

  it("in the place of one that is there", async () => {
    await hold("a.example", "--reason", "audit", "--until", "2999-12-18");
    const ran = await repository.capstan("hold", "a.example", "--reason", "longer");
    expect(ran.exit).toBe(0);
    const text = await readFile(join(repository.folder, "clusters", "a.yaml"), "utf8");
    expect(text.match(/hold: .*/g)).toEqual(['hold: { reason: "longer" }']);
  });

  it("a rotation alone", async () => {
    const { a, r } = await hold("--rotation", "host-2026-11", "--reason", "audit");
    expect(a).toBe(CANARY);
    expect(r).toContain('  hold: { reason: "audit" }\n  cluster: a.example');
    expect(r).toContain("phase: init # first");
  });

  it.each([
    [["--reason", "audit"], "there are several clusters"],
    [["a.example", "--reason", " "], "--reason is empty"],
    [["a.example", "--reason", "audit", "--until", "2020-01-01"], "is over already"],
    [["a.example", "--reason", "audit", "--until", "tomorrow"], "is no date"],
    [["a.example", "--reason", `see ${VARIABLE_OPENING}HOME}`], "nothing was written"],
    [["z.example", "--reason", "audit"], 'there is no cluster "z.example"'],
  ])("%j is refused, and changes nothing", async (args, message) => {
    const { exit, stderr, a, b } = await hold(...args);
    expect({ exit, a, b }).toEqual({ exit: 1, a: CANARY, b: BRACES });
    expect(flat(stderr)).toContain(message);
  });
});
