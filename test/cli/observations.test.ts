import "../world/in-process.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

describe("plan --observations", () => {
  let repository: Repository;
  beforeAll(async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "host");
  });
  afterAll(async () => repository.remove());

  it("saves what was read, and plans the same from it without a cluster", async () => {
    const live = await repository.capstan("plan", "--observations", "seen.json", "--format", "json");
    await repository.capstan("sandbox", "down");
    const saved = await repository.capstan("plan", "--observations", "seen.json", "--format", "json");
    expect(saved.exit).toBe(live.exit);
    expect(JSON.parse(saved.stdout)).toEqual(JSON.parse(live.stdout));
    expect(flat(saved.stderr)).toContain("as it was observed on");
    expect(await readFile(join(repository.folder, "seen.json"), "utf8")).not.toContain("PRIVATE KEY");
  });

  it("a file with rubbish in any of its fields is an error or a plan, and never a fault of capstan", async () => {
    const seen = JSON.parse(await readFile(join(repository.folder, "seen.json"), "utf8"));
    const [observation] = seen.observations;
    expect(Object.keys(observation)).toContain("connected");
    for (const key of [...Object.keys(observation), "unlisted", "overrides", "surroundings"]) {
      for (const rubbish of [5, [null], [{}], {}]) {
        const damaged = { ...seen, observations: [{ ...observation, [key]: rubbish }] };
        await writeFile(join(repository.folder, "damaged.json"), JSON.stringify(damaged));
        const { stderr } = await repository.capstan("plan", "--observations", "damaged.json");
        expect(stderr, `${key}: ${JSON.stringify(rubbish)}`).not.toContain("bug of capstan");
      }
    }
  });

  it("a cluster that the file has not is an error that names it, not a cluster without changes", async () => {
    await writeFile(
      join(repository.folder, "nobody.json"),
      JSON.stringify({ format_version: "1.0", observations: [] }),
    );
    const ran = await repository.capstan("plan", "--observations", "nobody.json");
    expect(ran.exit).toBe(1);
    expect(ran.stdout).toBe("");
    expect(flat(ran.stderr)).toContain("nobody.json has no observation of acme.cluster");
  });

  it.each([
    ["not JSON", "{", "it is not JSON"],
    ["something else", "{}", "must have required property"],
  ])("a file that is %s is an error", async (_what, text, words) => {
    await writeFile(join(repository.folder, "other.json"), text);
    const ran = await repository.capstan("plan", "--observations", "other.json");
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain(words);
  });
});
