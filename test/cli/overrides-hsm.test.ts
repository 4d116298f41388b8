import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { OverrideStory } from "../world/override-story.ts";
import { eventually, guardOf, subjectsOf } from "../world/repository.ts";

/** Two auth servers with an HSM each: a CA has a key of every one of them, and each key needs its own entry. */
let story: OverrideStory;
beforeEach(async () => {
  story = await OverrideStory.begin({ hsm: true, authServers: 2 });
});
afterEach(async () => story.end());

const subject = (keyHash: string) => `override/db_client/${keyHash}`;

/** Requests for all keys at once, signed, staged; what came of asking. */
async function stageAll() {
  const ran = await story.repository.capstan("override", "csr", "db_client");
  for (const [file] of ran.stdout.matchAll(/\S+-csr\.pem/g)) {
    const signed = await story.external.sign(await readFile(join(story.repository.folder, file), "utf8"));
    await writeFile(join(story.repository.folder, "signed.pem"), signed + story.external.chain.join(""));
    // For keys that git has an entry for, this says so and changes nothing.
    await story.repository.capstan("override", "add", "signed.pem");
  }
  await story.repository.commit("stage what was signed");
  return ran;
}

describe("two keys that sign, and two that come", () => {
  it("with three entries and one request missing are blocked, and it says which", async () => {
    const { active: old } = story.keys();
    expect(old).toHaveLength(2);
    expect((await stageAll()).exit).toBe(0);
    await story.applied();
    for (const key of old) await story.enable(key, "authority");
    await story.applied();
    expect((await story.overridePlan()).row).toBe("S2");
    expect(await story.visit()).toBeNull();

    await story.startRotation();
    await story.applied();
    const { trusted } = await eventually(
      async () => story.keys(),
      ({ trusted: keys }) => keys.length === 2,
    );
    const [first = "", second = ""] = trusted;
    // The second auth server does not answer any more: its key is listed, and nobody signs with it.
    await story.sandbox.teleport.fault({ target: "auth2", fault: "stuck" });
    const partial = await stageAll();
    expect(partial.exit).toBe(3);
    const said = flat(partial.stderr);
    expect(said).toContain(`public key "${second}": remote signing request not fulfilled before timeout`);
    expect(said).toContain(`missing: no request for the key ${second}`);
    expect(said).not.toContain(`missing: no request for the key ${first}`);
    await story.applied();
    await story.enable(first, "rotation");
    await story.applied();

    const live = story.sandbox.teleport.world.overrides.current("db_client");
    expect(live?.entries.map(({ keyHash }) => keyHash).sort()).toEqual([...old, first].sort());
    await story.repository.rotate("advance", "db_client");
    const { exit, plan } = await story.repository.plan();
    expect(exit).toBe(3);
    expect(subjectsOf(guardOf(plan, "overrides")?.findings)).toEqual([subject(second)]);
    const [override] = plan.clusters[0]?.overrides ?? [];
    expect(override).toMatchObject({
      row: "I6",
      due: [{ key_hash: second, command: `capstan override csr db_client --public-key ${second}` }],
    });
    expect((await story.apply()).exit).toBe(3);
    expect(story.keys().phase).toBe("init");

    await story.sandbox.teleport.fault({ target: "auth2", fault: "clear" });
    await story.stage(second);
    await story.enable(second, "rotation");
    await story.applied();
    expect(story.keys()).toMatchObject({ phase: "update_clients", active: trusted });
    expect(await story.visit()).toBeNull();
  });
});
