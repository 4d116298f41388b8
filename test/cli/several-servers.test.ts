import "../world/in-process.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, guardOf, Repository, subjectsOf } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

const ROOT = "acme.cluster";
const LEAF = `leaf.${ROOT}`;

async function planOfRoot() {
  const { exit, stdout } = await repository.capstan("plan", "--format", "json", "--cluster", ROOT);
  return { exit, plan: JSON.parse(stdout) };
}

describe("a root with a leaf", () => {
  it("waits for the leaf's copy where it can look, and for a person and time where it cannot", async () => {
    repository = await Repository.withSandbox("--leaf");
    const peers = /^ {2}peers: \[.*\n/m;
    const file = join(repository.folder, "clusters", ROOT, "cluster.yaml");
    const text = await readFile(file, "utf8");
    expect(peers.exec(text)?.[0]).toContain(`[${LEAF}]`);
    await repository.rotate("start", "host", "--cluster", ROOT);
    await repository.must("apply", "--auto-approve", "--cluster", ROOT);
    await repository.rotate("advance", "host", "--cluster", ROOT);

    await writeFile(file, text.replace(peers, ""));
    await repository.commit("the leaf is not looked at");
    const blind = await planOfRoot();
    expect(blind.exit).toBe(3);
    const [finding] = guardOf(blind.plan, "trusted-clusters")?.findings ?? [];
    expect(finding?.subject).toBe(`cluster/${LEAF}`);
    expect(finding?.message).toContain("nobody states host/init/trusted-clusters; the sync may take until");
    const how = (await repository.must("init")).stdout.replaceAll(/\s+/g, " ");
    expect(how).toContain(`add \`peers: [${LEAF}]\` to the spec of ${ROOT}`);

    await writeFile(file, text);
    await repository.commit("the leaf is looked at");
    const seeing = await eventually(planOfRoot, ({ exit }) => exit === 2);
    expect(guardOf(seeing.plan, "trusted-clusters")?.outcome).toBe("pass");
    await repository.must("apply", "--auto-approve", "--cluster", ROOT);
  });
});

describe("two auth servers with an HSM each", () => {
  it("each has its own new key before init is left", async () => {
    repository = await Repository.withSandbox("--auth-servers", "2", "--hsm");
    await repository.walkTo("init");
    await repository.rotate("advance", "host");
    const ready = await eventually(
      () => repository.plan(),
      ({ plan }) => guardOf(plan, "hsm-keys")?.outcome === "pass",
    );
    expect(subjectsOf(guardOf(ready.plan, "hsm-keys")?.findings)).toEqual([]);
    expect((await repository.keys()).trusted).toHaveLength(2);
    await repository.must("apply", "--auto-approve");
    expect((await repository.keys()).active).toHaveLength(2);
  });
});
