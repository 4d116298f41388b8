import "../world/in-process.ts";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../src/sandbox/start-teleport.ts";
import { eventually, guardOf, Repository, subjectsOf } from "../world/repository.ts";

/** A colleague has begun a rotation of the host CA by hand, and gone home. */
let repository: Repository;
let sandbox: RunningSandbox;

beforeAll(async () => {
  repository = await Repository.create();
  const dir = join(repository.folder, ".capstan", "sandbox");
  sandbox = await startSandbox({ dir, speed: 200, nodes: 1 });
  await repository.must("init");
  await repository.edit("clusters/*/cluster.yaml", (text) => text.replace(/^( +)soak: .*/m, "$1soak: 0s"));
  await repository.commit("what is live");
  await byHand("init");
});

afterAll(async () => {
  await sandbox.stop();
  await rm(repository.folder, { recursive: true, force: true });
});

async function byHand(phase: string): Promise<void> {
  const { exit, stderr } = await sandbox.teleport.run({
    tool: "tctl",
    argv: ["auth", "rotate", "--manual", "--type=host", `--phase=${phase}`],
    cwd: repository.folder,
    stdin: "",
    signal: new AbortController().signal,
  });
  expect(exit, stderr).toBe(0);
  await eventually(phaseNow, (now) => now === phase);
}

async function phaseNow(): Promise<string | undefined> {
  const { clusters } = await repository.status();
  return clusters[0]?.authorities.find(({ type }) => type === "host")?.phase;
}

/** The transcript: what was typed, what it said, how it ended. */
async function typed(...argv: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await repository.capstan(...argv);
  return [`$ capstan ${argv.join(" ")}`, stdout, stderr, `exit ${exit}`]
    .filter((part) => part !== "")
    .join("\n")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:KEY");
}

const STEP = "host/adopt/roster-complete";

it("is adopted once, and capstan says what it cannot know", async () => {
  const away = await repository.capstan("rotate", "adopt", "host", "--name", "../../../away");
  expect(away).toMatchObject({ exit: 1, stderr: expect.stringContaining("nothing was written") });
  expect(existsSync(join(repository.folder, "..", "away.yaml"))).toBe(false);
  expect(existsSync(join(repository.folder, "away.yaml"))).toBe(false);
  const half = await repository.capstan("rotate", "adopt", "host,user");
  expect(half).toMatchObject({ exit: 1, stderr: expect.stringContaining("`capstan rotate adopt host`") });
  expect(await typed("rotate", "adopt", "host", "--name", "host-by-hand")).toMatchSnapshot();
  expect(await typed("rotate", "adopt", "host")).toMatchSnapshot();
  await repository.must("validate");
  await repository.commit("adopt");
  const { exit, plan } = await repository.plan();
  expect(exit).toBe(3);
  expect(guardOf(plan, "roster")).toMatchObject({ outcome: "unknown" });
  expect(subjectsOf(guardOf(plan, "roster")?.findings)).toEqual(["roster/host"]);
  expect(plan.clusters[0]?.rotations[0]?.checklist).toContainEqual(
    expect.objectContaining({ id: STEP, state: "open", required: true }),
  );
  expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(3);
  expect(await phaseNow()).toBe("init");
});

it("goes on when a person has stated that nobody is missing", async () => {
  expect(await typed("acknowledge", STEP, "--note", "compared with the inventory")).toMatchSnapshot();
  await repository.must("validate");
  await repository.commit("everybody is there");
  const stated = await repository.plan();
  expect(stated.exit).toBe(2);
  expect(guardOf(stated.plan, "roster")).toMatchObject({ outcome: "pass" });
  await repository.must("apply", "--auto-approve");
  // The statement is older than the record of the rotation, and still counts.
  await repository.must("validate");
  await repository.rotate("advance", "host");
  await repository.must("apply", "--auto-approve");
  expect(await phaseNow()).toBe("update_clients");
});

it("says so when the hand goes on meanwhile, and follows", async () => {
  await byHand("update_servers");
  const behind = await repository.plan();
  expect(behind.exit).toBe(3);
  expect(guardOf(behind.plan, "phase-order")?.findings[0]).toMatchInlineSnapshot(`
    {
      "message": "the cluster is in update_servers, ahead of update_clients in git; phases have no way back but rollback",
      "remedy": "set \`phase: update_servers\` to accept what happened, or \`phase: rollback\` to undo the rotation",
      "subject": "authority/host",
    }
  `);
  await repository.rotate("advance", "host");
  await repository.must("apply", "--auto-approve");
});

it("asks for an approval of its own at the end of the way back, as nobody knows who was lost before", async () => {
  await repository.rotate("rollback", "host");
  const { exit, stderr } = await repository.capstan("apply", "--auto-approve");
  expect(exit, stderr).toBe(3);
  expect(await phaseNow()).toBe("rollback");
  const { plan } = await repository.plan();
  const end = plan.clusters[0]?.rotations[0]?.steps.at(-1);
  expect(end).toMatchObject({ to: "standby", point_of_no_return: true, unaccounted: ["roster/host"] });
  expect(end?.disrupts).toMatchInlineSnapshot(
    `"every certificate of the new key stops working; it cuts off who still lives by the key that goes: whoever was there before init, of which there is no roster"`,
  );
  await repository.must("apply", "--auto-approve", "--approve-final");
  expect(await phaseNow()).toBe("standby");
});
