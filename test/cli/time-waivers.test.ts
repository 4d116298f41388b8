import "../world/in-process.ts";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/start-teleport.ts";
import { flat } from "../world/flat.ts";
import { guardOf, Repository } from "../world/repository.ts";

const FREEZE = "freezes: [{ from: 2020-01-01, to: 2120-01-01, reason: sale }]";
const WAIVER = "waive: [{ guard: window, subject: authority/host, reason: agreed, expires: 2119-01-01 }]";

it("a waiver of the window covers one step: plan and apply say so alike, in this run and in the next", async () => {
  const repository = await Repository.create();
  const dir = join(repository.folder, ".capstan", "sandbox");
  const sandbox = await startSandbox({ dir, speed: 200, nodes: 1 });
  try {
    await repository.must("init");
    await repository.edit("clusters/*/cluster.yaml", (text) =>
      text.replace(/^( +)soak: .*/m, `$1soak: 0s\n$1${FREEZE}`),
    );
    await repository.rotate("start", "host", "--strategy", "walk");
    await repository.edit("clusters/*/rotations/*.yaml", (text) => `${text.trimEnd()}\n  ${WAIVER}\n`);
    await repository.commit("the first step was agreed with sales");

    const before = await repository.plan();
    expect(before.exit).toBe(3);
    expect(guardOf(before.plan, "window")).toMatchObject({ outcome: "pass", waived: [{ reason: "agreed" }] });
    const said = (await repository.capstan("plan")).stdout.replaceAll(/\s+/g, " ");
    expect(said).toContain("the waiver (agreed) covers standby → init and no other step");
    for (const _ of ["this run", "the next"]) {
      const { exit, stderr } = await repository.capstan("apply", "--auto-approve", "--approve-final");
      expect(exit).toBe(3);
      expect(flat(stderr)).toContain("host init → update_clients is blocked by window");
    }
    const { stdout } = await repository.capstan("plan");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "it is used up: it let host standby → init through, and covers no other step",
    );
    const { clusters } = await repository.status();
    expect(clusters[0]?.authorities.find(({ type }) => type === "host")?.phase).toBe("init");
  } finally {
    await sandbox.stop();
    await rm(repository.folder, { recursive: true, force: true });
  }
});
