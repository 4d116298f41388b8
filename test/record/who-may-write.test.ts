import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Clocks } from "../../src/record/clocks.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import { HEARTBEAT_MS, LEASE_MS, SKEW_MS } from "../../src/record/lease-times.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import type { Lock, RecordStore } from "../../src/record/store.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { CLUSTER, NOW } from "../world/host-rotation.ts";
import { Contenders } from "./contenders.ts";
import { Repositories } from "./repositories.ts";

const ALICE = { who: "alice", why: "capstan apply" };
const BOB = { who: "bob", why: "capstan apply" };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-who-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A machine: three clocks, and a timer that strikes when it is told to. */
class Machine {
  readonly at = { wall: NOW, boot: 1_000_000, monotonic: 5_000 };
  readonly notices: string[] = [];
  #beat: () => void = () => {};

  readonly options = {
    clocks: {
      wall: () => this.at.wall,
      boot: () => this.at.boot,
      monotonic: () => this.at.monotonic,
    } satisfies Clocks,
    repeat: (beat: () => void) => {
      this.#beat = beat;
      return () => {
        this.#beat = () => {};
      };
    },
  };

  /** Time goes by on all of its clocks. */
  pass(ms: number): void {
    this.at.wall += ms;
    this.at.boot += ms;
    this.at.monotonic += ms;
  }

  strike(): void {
    this.#beat();
  }

  lock(store: RecordStore, who = ALICE): Promise<Lock> {
    return store.lock(CLUSTER, who, (message) => this.notices.push(message));
  }
}

describe("who may write: a holder believes in its lease until the first clock says that it is over", () => {
  const held = async () => {
    const machine = new Machine();
    const store = folderStore(folder, machine.options.clocks.wall, machine.options);
    return { machine, store, lock: await machine.lock(store) };
  };

  it.each(["wall", "boot", "monotonic"] as const)("the %s clock alone", async (clock) => {
    const { machine, store, lock } = await held();
    machine.at[clock] += LEASE_MS - 1;
    await lock.confirm();
    machine.at[clock] += 1;
    await expect(lock.confirm()).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`by the ${clock} clock`),
    });
    expect(lock.lost.aborted).toBe(true);
    // Over is over, whatever the clocks say afterwards.
    machine.at[clock] -= LEASE_MS;
    await expect(lock.confirm()).rejects.toMatchObject({ code: "locked" });
    await expect(store.save(emptyRecord(CLUSTER))).rejects.toMatchObject({ code: "locked" });
  });

  it.each(["wall", "boot", "monotonic"] as const)("a %s clock that went back cannot tell", async (clock) => {
    const { machine, lock } = await held();
    machine.pass(30_000);
    await lock.confirm();
    machine.at[clock] -= 10_000;
    await expect(lock.confirm()).rejects.toMatchObject({ message: expect.stringContaining("went back") });
  });

  it("a clock that cannot be read is over", async () => {
    const { machine, lock } = await held();
    machine.at.boot = Number.NaN;
    await expect(lock.confirm()).rejects.toMatchObject({
      message: expect.stringContaining("cannot be read"),
    });
  });

  it("counts from before the lock was asked for, and anew with each renewal", async () => {
    const { machine, lock } = await held();
    for (let beat = 0; beat < 8; beat += 1) {
      machine.pass(HEARTBEAT_MS);
      machine.strike();
      await expect
        .poll(async () => (await folderStore(folder, () => machine.at.wall).lockState(CLUSTER))?.heartbeat)
        .toBe(new Date(machine.at.wall).toISOString());
    }
    await lock.confirm();
    machine.pass(LEASE_MS);
    await expect(lock.confirm()).rejects.toMatchObject({ code: "locked" });
  });

  it("a suspended machine wakes up without its lock", async () => {
    const { machine, lock } = await held();
    machine.at.wall += LEASE_MS + SKEW_MS;
    machine.at.boot += LEASE_MS + SKEW_MS;
    machine.strike();
    expect(lock.lost.aborted).toBe(true);
  });
});

describe("who may write: a renewal that fails is said, and unknown is over", () => {
  let world: Repositories;
  beforeEach(async () => {
    world = await Repositories.make();
  });
  afterEach(() => world.remove());

  it("a lock that the server refuses to move is lost before anybody may take it", async () => {
    const machine = new Machine();
    const store = refsStore({
      folder: await world.clone(),
      env: process.env,
      clock: machine.options.clocks.wall,
      ...machine.options,
    });
    const lock = await machine.lock(store);
    // What a git process that was killed on the server leaves behind: every move ends in "cannot lock ref".
    writeFileSync(join(world.remote, "refs", "capstan", "locks", `${CLUSTER}.lock`), "");
    for (let beat = 1; beat <= 4; beat += 1) {
      machine.pass(HEARTBEAT_MS);
      machine.strike();
      await expect.poll(() => machine.notices.length + Number(lock.lost.aborted)).toBe(beat);
    }
    expect(machine.notices).toEqual(Array(3).fill(expect.stringContaining("could not be renewed")));
    expect(lock.lost.reason).toMatchObject({
      code: "locked",
      message: expect.stringContaining("could not be renewed"),
    });
    expect(machine.at.wall).toBeLessThan(NOW + LEASE_MS);
  });

  it("a push that went through although it was reported lost is ours", async () => {
    const machine = new Machine();
    const options = { env: process.env, clock: machine.options.clocks.wall, ...machine.options };
    const clone = await world.clone();
    const store = refsStore({ folder: clone, ...options });
    const lock = await machine.lock(store);
    // The server takes the push, and the connection breaks before it says so.
    const hook = join(world.remote, "hooks", "post-receive");
    writeFileSync(hook, '#!/bin/sh\nkill -9 "$PPID"\n', { mode: 0o755 });
    await store.save(emptyRecord(CLUSTER)).catch(() => {});
    rmSync(hook);
    await lock.confirm();
    await store.load(CLUSTER);
    await store.save(emptyRecord(CLUSTER));
    await lock.release();
    expect(await store.lockState(CLUSTER)).toBeNull();
  });
});

describe("who may write: a folder among containers and machines", () => {
  const contenders = new Contenders();
  beforeAll(() => contenders.build({ leaseMs: 1500 }));
  afterEach(() => contenders.kill());
  afterAll(() => contenders.remove());

  const NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const elsewhere = process.getuid?.() === 0 ? NAMESPACE : ["sudo", "-n", ...NAMESPACE];

  it("this machine can make a PID namespace: without one, nothing of this is shown", () => {
    const [file = "", ...args] = [...elsewhere, "true"];
    expect(() => execFileSync(file, args)).not.toThrow();
  });

  it.each([
    ["a run outside is seen by none inside", [], elsewhere],
    ["a run inside is seen by none outside", elsewhere, []],
    ["a run inside is seen by none inside another", elsewhere, elsewhere],
  ] as const)("%s, and is not taken for gone", async (_, first, second) => {
    const holder = contenders.start("folder", folder, "holder", "forever", { within: first });
    await holder.firstAnswer();
    const [answer] = await contenders.start("folder", folder, "other", "0", { within: second }).answers();
    expect(answer).toMatchObject({
      got: false,
      code: "locked",
      message: expect.stringContaining("holder holds"),
    });
  });

  it("a run that was killed inside is gone after its lease, and not before", async () => {
    const holder = contenders.start("folder", folder, "holder", "forever", { within: elsewhere });
    await holder.firstAnswer();
    await holder.kill();
    const early = await contenders.start("folder", folder, "early", "0").answers();
    expect(early[0]).toMatchObject({ got: false });
    const late = async () => (await contenders.start("folder", folder, "late", "0").answers())[0];
    await expect
      .poll(late, { interval: 300 })
      .toMatchObject({ got: true, notices: [expect.stringContaining("ran out on")] });
  });

  it("a run that is stopped keeps its lock from those who see it, and knows by its clocks that it lost it", async () => {
    const holder = contenders.start("folder", folder, "holder", "2500");
    await holder.firstAnswer();
    holder.signal("SIGSTOP");
    const taken = async () =>
      (await contenders.start("folder", folder, "inside", "0", { within: elsewhere }).answers())[0];
    await expect.poll(taken, { interval: 300 }).toMatchObject({ got: true });
    holder.signal("SIGCONT");
    expect((await holder.answers()).at(-1)).toMatchObject({
      code: "locked",
      message: expect.stringContaining("lost the lock"),
    });
  });

  it("a run that is stopped is alive, however long", async () => {
    const holder = contenders.start("folder", folder, "holder", "forever");
    await holder.firstAnswer();
    holder.signal("SIGSTOP");
    const silence = async () =>
      Date.now() - Date.parse((await folderStore(folder, Date.now).lockState(CLUSTER))?.heartbeat ?? "");
    await expect.poll(silence, { timeout: 30_000 }).toBeGreaterThan(2000);
    const [answer] = await contenders.start("folder", folder, "other", "0").answers();
    expect(answer).toMatchObject({ got: false, message: expect.stringContaining("holder holds") });
  });

  it.each([
    ["the number of a process that is another one by now", { started: "1" }, "dead"],
    ["another host", { host: "elsewhere", place: "elsewhere boot pid:[1]" }, "unknown"],
    ["the same host after a boot", { place: `${hostname()} another-boot pid:[4026531836]` }, "unknown"],
    ["a system that tells nothing of its processes", { place: null, started: null }, "unknown"],
  ] as const)("%s", async (_, changes, holder) => {
    const lock = await folderStore(folder, () => NOW).lock(CLUSTER, ALICE, () => {});
    const file = join(folder, "locks", CLUSTER, "1.json");
    const { mtime, atime } = statSync(file);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...changes }));
    utimesSync(file, atime, mtime);
    expect(await folderStore(folder, () => NOW).lockState(CLUSTER)).toMatchObject({ id: lock.id, holder });
    const later = (ms: number) => folderStore(folder, () => NOW + ms).lock(CLUSTER, BOB, () => {});
    if (holder === "unknown") {
      await expect(later(LEASE_MS + SKEW_MS - 1)).rejects.toMatchObject({ code: "locked" });
      await expect(
        folderStore(folder, () => NOW).releaseLock({ cluster: CLUSTER, id: lock.id, force: false }),
      ).rejects.toMatchObject({ code: "refused" });
    }
    await expect(later(holder === "dead" ? 0 : LEASE_MS + SKEW_MS)).resolves.toBeDefined();
  });

  it("a lock that cannot be read is somebody's until its time is over", async () => {
    await (await folderStore(folder, () => NOW).lock(CLUSTER, ALICE, () => {})).release();
    const file = join(folder, "locks", CLUSTER, "2.json");
    writeFileSync(file, "{");
    utimesSync(file, NOW / 1000, NOW / 1000);
    const at = (ms: number) => folderStore(folder, () => NOW + ms).lock(CLUSTER, BOB, () => {});
    await expect(at(LEASE_MS)).rejects.toMatchObject({ code: "locked" });
    await expect(at(LEASE_MS + SKEW_MS)).resolves.toBeDefined();
  });
});

describe("who may write: killed at any point of taking over a dead lock", () => {
  const mortal = new Contenders();
  const contenders = new Contenders();
  beforeAll(() => Promise.all([mortal.build({ mortal: true }), contenders.build()]));
  afterEach(() => {
    mortal.kill();
    contenders.kill();
  });
  afterAll(() => Promise.all([mortal.remove(), contenders.remove()]));

  it.each(["", "+"])("the next run has it, and nothing is left over (call n%s)", async (after) => {
    const killed = contenders.start("folder", folder, "killed", "forever");
    await killed.firstAnswer();
    await killed.kill();
    let survived = false;
    for (let call = 1; !survived; call += 1) {
      const env = { CAPSTAN_TEST_DIES_AT: `${call}${after}` };
      const answers = await mortal.start("folder", folder, `dies-at-${call}`, "0", { env }).answers();
      survived = answers.length === 2;
      // Whoever comes next: the same dead holder, or the one that died on the way.
      const next = contenders.start("folder", folder, `after-${call}`, "forever");
      await next.firstAnswer();
      await next.kill();
      expect((await next.answers())[0], `after a kill at call ${call}${after}`).toMatchObject({ got: true });
      expect(readdirSync(folder).sort()).toEqual([".gitignore", "lock.json", "locks"]);
      expect(readdirSync(join(folder, "locks", CLUSTER))).toEqual([expect.stringMatching(/^\d+\.json$/)]);
      expect(call).toBeLessThan(100);
    }
  });
});
