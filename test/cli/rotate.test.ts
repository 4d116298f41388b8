import "../world/in-process.ts";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../src/sandbox/start-teleport.ts";
import { flat } from "../world/flat.ts";
import { eventually, Repository } from "../world/repository.ts";

/** A repository and its cluster, both in this process. */
let repository: Repository;
let sandbox: RunningSandbox;

async function begin(options: { readonly teleport?: "18" | "5" } = {}): Promise<void> {
  repository = await Repository.create();
  const dir = join(repository.folder, ".capstan", "sandbox");
  sandbox = await startSandbox({ dir, speed: 200, nodes: 1, ...options });
  await repository.must("init");
  await repository.edit("clusters/*/cluster.yaml", (text) => text.replace(/^( +)soak: .*/m, "$1soak: 0s"));
  await repository.commit("what is live");
}

beforeEach(async () => begin());
afterEach(async () => {
  await sandbox.stop();
  await rm(repository.folder, { recursive: true, force: true });
});

/** Phases by the hand of somebody who does not know capstan, but waits until all follow. */
async function byHand(...phases: readonly string[]): Promise<void> {
  for (const phase of phases) {
    const { exit, stderr } = await sandbox.teleport.run({
      tool: "tctl",
      argv: ["auth", "rotate", "--manual", "--type=host", `--phase=${phase}`],
      cwd: repository.folder,
      stdin: "",
      signal: new AbortController().signal,
    });
    expect(exit, stderr).toBe(0);
    await eventually(whereHostIs, ({ now, behind }) => now === phase && behind === 0);
  }
}

/** The phase of the host CA, and how many are not in it yet. */
async function whereHostIs() {
  const { clusters } = await repository.status();
  const { authorities = [], components = [] } = clusters[0] ?? {};
  const now = authorities.find(({ type }) => type === "host")?.phase;
  return { now, behind: components.flatMap((kind) => kind.behind).length };
}

const WHOLE = ["init", "update_clients", "update_servers", "standby"] as const;

async function applied(): Promise<number> {
  return (await repository.capstan("apply", "--auto-approve", "--approve-final")).exit;
}

async function rotations(): Promise<readonly string[]> {
  return (await readdir(join(repository.folder, "clusters", "acme.cluster", "rotations"))).sort();
}

async function rotationText(name: string): Promise<string> {
  return await readFile(join(repository.folder, "clusters", "acme.cluster", "rotations", name), "utf8");
}

/** What the drift of a CA says to do next, as the commands that it names. */
async function nextCommands(): Promise<readonly string[]> {
  const { plan } = await repository.plan();
  const remedies = plan.clusters[0]?.drift.map(({ remedy }) => remedy) ?? [];
  return remedies.flatMap((remedy) =>
    [...remedy.matchAll(/`capstan (rotate \w+ \w+)`/g)].map(([, line]) => line ?? ""),
  );
}

/** Its words, accepted, then committed. */
async function obeyed(command: string): Promise<void> {
  await repository.must(...command.split(" "));
  await repository.must("validate");
  await repository.commit(command);
}

describe("absence is no evidence: the keys to retire are those that sign now", () => {
  it("retires what the cluster signs with after a rotation outside of capstan, and tells git which key that is", async () => {
    const [old] = (await repository.keys()).active;
    await byHand(...WHOLE);
    const [fresh] = (await repository.keys()).active;
    expect(fresh).not.toBe(old);
    const ran = await repository.must("rotate", "start", "host");
    expect(ran.stdout.replaceAll(/\s+/g, " ")).toContain(`active_keys of host is now ${fresh}`);
    await repository.commit("start");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(2);
    expect(plan.clusters[0]).toMatchObject({ drift: [], rotations: [{ standing: "not_started" }] });
  });

  it("never calls a rotation finished whose key nobody ever saw to go", async () => {
    await obeyed("rotate start host");
    await byHand(...WHOLE);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    const [drift] = plan.clusters[0]?.drift ?? [];
    expect(drift).toMatchObject({ id: "active-keys", blocks: true });
    expect(drift?.message).toContain("nobody here saw it go");
    expect(await nextCommands()).toEqual(["rotate finish host", "rotate start host"]);
    await obeyed("rotate finish host");
    expect((await repository.plan()).exit).toBe(0);
  });

  it("and a wanted rotation of the key that signs can be started right away", async () => {
    await obeyed("rotate start host");
    await byHand(...WHOLE);
    await obeyed("rotate start host");
    expect(await rotations()).toHaveLength(2);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(2);
    const steps = plan.clusters[0]?.rotations.flatMap((rotation) => rotation.steps) ?? [];
    expect(steps.map(({ from, to }) => `${from} ${to}`)).toEqual(["standby init"]);
  });
});

describe("no circle of commands: what drift says next is accepted, and ends it", () => {
  it("after a rotation by hand that nothing declares, for both ways on", async () => {
    await byHand(...WHOLE);
    expect(await nextCommands()).toEqual(["rotate finish host", "rotate start host"]);
    await obeyed("rotate finish host");
    expect((await repository.plan()).exit).toBe(0);
    expect(await nextCommands()).toEqual([]);
  });

  it("after a second one by hand, behind one that was finished here", async () => {
    await repository.walkTo("standby");
    expect((await repository.plan()).exit).toBe(0);
    await byHand(...WHOLE);
    expect(await nextCommands()).toContain("rotate finish host");
    await obeyed("rotate finish host");
    expect((await repository.plan()).exit).toBe(0);
  });

  it.each([["init"], ["update_clients"], ["rollback"]])(
    "with one under way by hand, in %s: adopted, and led on",
    async (phase) => {
      const { active } = await repository.keys();
      await byHand(
        ...(phase === "update_clients" ? ["init", phase] : phase === "rollback" ? ["init", phase] : [phase]),
      );
      expect(await nextCommands()).toEqual(["rotate adopt host"]);
      const refused = await repository.capstan("rotate", "start", "host");
      expect(refused.exit).toBe(1);
      expect(flat(refused.stderr)).toContain("capstan rotate adopt host");
      await obeyed("rotate adopt host");
      const [file = ""] = await rotations();
      expect(await rotationText(file)).toContain(active[0]);
      const { plan } = await repository.plan();
      expect(plan.clusters[0]).toMatchObject({ drift: [], rotations: [{ standing: "in_progress" }] });
    },
  );

  it("after a finished rotation whose resource is gone before git named the new key", async () => {
    await repository.walkTo("update_servers");
    await byHand("standby");
    await applied();
    await repository.git("rm", "--quiet", "-r", "clusters/acme.cluster/rotations");
    await repository.commit("tidy");
    expect(await nextCommands()).toEqual(["rotate finish host"]);
    await obeyed("rotate finish host");
    expect((await repository.plan()).exit).toBe(0);
  });
});

it("what every later command would refuse is not written: two CAs that may not rotate together", async () => {
  const refused = await repository.capstan("rotate", "start", "host,user");
  expect(refused).toMatchObject({ exit: 1, stdout: "" });
  expect(flat(refused.stderr)).toContain(
    "host, user in one rotation are more than one, which is what the policy",
  );
  expect(flat(refused.stderr)).toContain("→ nothing was written; correct what was typed");
  expect(await rotations().catch(() => [])).toEqual([]);
  await repository.must("validate");
  await repository.must("rotate", "start", "host");
});

describe("a rotation that was rolled back is started again with a reason, which is kept", () => {
  const REASON = "node1 is repaired";

  it("a walk in its own file, not in a second one for the same key", async () => {
    await obeyed("rotate start host --strategy walk");
    expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(3);
    await byHand("rollback", "standby");
    expect((await repository.plan()).exit).toBe(3);
    const [file = ""] = await rotations();
    await repository.must("rotate", "start", "host", "--reason", REASON);
    await repository.must("validate");
    await repository.commit("again");
    expect(await rotations()).toEqual([file]);
    expect(await rotationText(file)).toContain(REASON);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(2);
    expect(plan.clusters[0]?.rotations[0]?.steps).toHaveLength(4);
  });

  it("in its own file written anew, where that is gone", async () => {
    await obeyed("rotate start host");
    expect(await applied()).toBe(0);
    await obeyed("rotate rollback host");
    expect(await applied()).toBe(0);
    const [before = ""] = await rotations();
    await repository.git("rm", "--quiet", "-r", "clusters/acme.cluster/rotations");
    await repository.commit("away with it");
    const refused = await repository.capstan("rotate", "start", "host");
    expect(refused.exit).toBe(1);
    expect(flat(refused.stderr)).toMatch(
      /the rotation of this key of host was rolled back on \d+ \w+ \d+, \S+ UTC \(asked for in git\), as host-\S+ → to start it again, say why: `capstan rotate start host --reason TEXT`/,
    );
    expect(await rotations().catch(() => [])).toEqual([]);
    await repository.must("rotate", "start", "host", "--reason", REASON);
    await repository.commit("again");
    const [after = ""] = await rotations();
    expect(after).toBe(before);
    expect(await rotationText(after)).toContain(REASON);
    expect((await repository.plan()).exit).toBe(2);
  });

  it("in another one, where a rotation of another CA has its name by now", async () => {
    await obeyed("rotate start host --name migration");
    expect(await applied()).toBe(0);
    await obeyed("rotate rollback host");
    expect(await applied()).toBe(0);
    await repository.git("rm", "--quiet", "-r", "clusters/acme.cluster/rotations");
    await repository.commit("away with it");
    await obeyed("rotate start user --name migration");
    await repository.must("rotate", "start", "host", "--reason", REASON);
    await repository.commit("again");
    const texts = await Promise.all((await rotations()).map(rotationText));
    expect(texts.filter((text) => text.includes(REASON))).toEqual([
      expect.stringMatching(/name: host-\d{4}-\d\d$/m),
    ]);
  });
});

describe("absence is no evidence: a record that is not here", () => {
  it("is said as that, with where records may be, and the doctor does not pass it over", async () => {
    expect((await repository.must("doctor")).stdout).toContain("no rotation is under way");
    await obeyed("rotate start host");
    expect(await applied()).toBe(0);
    expect((await repository.must("doctor")).stdout).toContain("knows every rotation that is under way");
    await rm(join(repository.folder, ".capstan", "record"), { recursive: true });
    const { stdout } = await repository.capstan("plan");
    const words = stdout.replaceAll(/\s+/g, " ");
    expect(words).toContain("no record here of the host rotation: who started it is unknown");
    expect(words).not.toContain("not started by capstan");
    const doctor = await repository.capstan("doctor");
    expect(doctor.exit).toBe(1);
    expect(doctor.stdout.replaceAll(/\s+/g, " ")).toContain(
      "no record here of what is under way: host in init",
    );
  });
});
