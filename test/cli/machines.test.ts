import "../world/in-process.ts";
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lease } from "../../src/record/lease.ts";
import type { ClusterRecord } from "../../src/rotation/record.ts";
import { writtenDate } from "../../src/written-date.ts";
import { flat } from "../world/flat.ts";
import { eventually, guardOf, type Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";

const RECORD = "refs/capstan/record/acme.cluster";
const LOCK = "refs/capstan/locks/acme.cluster";

let team: Team;
afterEach(async () => team.remove());

const recorded = async () => (await team.show(RECORD, "record.json")) as ClusterRecord;

/** Runs something on a machine of its own, which is gone afterwards. */
async function onNewMachine<Result>(work: (machine: Repository) => Promise<Result>): Promise<Result> {
  const machine = await team.machine("--depth=1");
  try {
    return await work(machine);
  } finally {
    await rm(machine.folder, { recursive: true });
  }
}

const apply = () => onNewMachine((machine) => machine.capstan("apply", "--auto-approve", "--approve-final"));

describe("a rotation by four commits, each applied on a new machine", () => {
  beforeEach(async () => {
    team = await Team.create({ policy: { soak: "4s" } });
  });

  it("keeps roster, soak and current_id in the remote", async () => {
    const before = await onNewMachine((machine) => machine.keys());
    const ids = new Set<string | null>();
    const rosters = new Set<string>();
    for (const action of ["start", "advance", "advance", "finish"]) {
      await team.rotate(action, "host", ...(action === "start" ? ["--name=host-2026-11"] : []));
      if (action !== "start") {
        const { plan } = await onNewMachine((machine) => machine.plan());
        const soak = guardOf(plan, "soak");
        const since = (await recorded()).rotations[0]?.phases.at(-1)?.since;
        expect(since).toBeDefined();
        if (soak?.outcome !== "pass")
          expect(soak?.findings[0]?.message).toContain(`since ${writtenDate(since ?? "")}`);
        await eventually(
          () => onNewMachine((machine) => machine.plan()),
          ({ exit }) => exit === 2,
        );
      }
      const ran = await apply();
      expect(ran.exit, ran.stderr).toBe(0);
      const [rotation] = (await recorded()).rotations;
      ids.add(rotation?.current_id ?? null);
      rosters.add([...(rotation?.roster ?? [])].map(({ kind, name }) => `${kind}/${name}`).join(" "));
    }
    expect(rosters.size).toBe(1);
    expect([...rosters][0]).toContain("node/node3");
    expect(ids.size).toBe(1);
    expect([...ids][0]).toMatch(/^[0-9a-f-]{36}$/);
    const after = await onNewMachine((machine) => machine.keys());
    expect(after.active).not.toEqual(before.active);
    expect(after.trusted).toEqual([]);
    expect((await recorded()).rotations[0]).toMatchObject({ state: "finished", name: "host-2026-11" });
    expect((await team.refs()).has(LOCK)).toBe(false);
    expect((await team.refs()).has("refs/capstan/backup/acme.cluster")).toBe(true);
    const calls = (await team.home.calls()).filter((argv) => argv[1] === "rotate");
    expect(calls).toHaveLength(4);
  });

  it("is stricter, and says so, when the refs are lost", async () => {
    await team.rotate("start", "host");
    expect((await apply()).exit).toBe(0);
    await team.rotate("advance", "host");
    await eventually(
      () => onNewMachine((machine) => machine.plan()),
      ({ exit }) => exit === 2,
    );
    await team.home.git("push", "--quiet", "origin", `:${RECORD}`);
    const blind = await onNewMachine((machine) => machine.capstan("plan"));
    expect(blind.exit).toBe(3);
    expect(blind.stdout).toMatch(/blocked +foreign-rotation|unknown +roster|blocked +roster/);
    expect(blind.stdout).toContain("record");
    expect((await apply()).exit).toBe(3);
  });
});

describe("two processes on two clones", () => {
  beforeEach(async () => {
    // Long enough for a test on a busy machine to end the fault itself.
    team = await Team.create({ policy: { phase_timeout: "5m" } });
    await team.rotate("start", "host");
    await team.home.must("sandbox", "fault", "node3", "stuck");
  });

  it("apply at once: exactly one works, the other exits 6 and names it", async () => {
    const machines = await Promise.all([team.machine(), team.machine()]);
    const runs = machines.map((machine, index) => {
      const env = { GITHUB_ACTOR: `machine-${index}` };
      return machine.start(["apply", "--auto-approve"], env).then((ran) => ({ ...ran, index }));
    });
    const loser = await Promise.race(runs);
    expect(loser.exitCode, String(loser.stderr)).toBe(6);
    expect(flat(loser.stderr)).toMatch(
      new RegExp(`machine-${1 - loser.index}@.* holds the lock of acme\\.cluster since .*capstan apply`),
    );
    const shown = await machines[loser.index]?.must("lock", "show");
    expect(shown?.stdout).toContain(`machine-${1 - loser.index}@`);
    await team.home.must("sandbox", "fault", "node3", "clear");
    const winner = await runs[1 - loser.index];
    expect(winner?.exitCode, String(winner?.stderr)).toBe(0);
    expect((await team.home.calls()).filter((argv) => argv[1] === "rotate")).toHaveLength(1);
    expect((await machines[loser.index]?.must("lock", "show"))?.stdout).toBe("Nobody holds a lock.");
  });

  it("killed while it holds the lock: the next one waits for the end of the lease, then takes over", async () => {
    const [first, second] = await Promise.all([team.machine(), team.machine()]);
    const running = first.start(["apply", "--auto-approve"], { GITHUB_ACTOR: "killed" });
    await eventually(
      async () => ((await team.refs()).has(RECORD) ? (await recorded()).rotations[0]?.phases.length : 0),
      (phases) => phases === 1,
    );
    running.kill("SIGKILL");
    await running;
    await team.home.must("sandbox", "fault", "node3", "clear");
    const early = await second.capstan("apply", "--auto-approve");
    expect(early.exit).toBe(6);
    expect(flat(early.stderr)).toMatch(
      /killed@.* holds the lock of acme\.cluster since .*, until .* unless it is renewed/,
    );
    // The lease is over: ten minutes of silence, without waiting for them.
    const lease = (await team.show(LOCK, "lock.json")) as Lease;
    const past = (time: string) => new Date(Date.parse(time) - 10 * 60_000).toISOString();
    const { since, heartbeat, expires } = lease;
    await team.replace(LOCK, "lock.json", {
      ...lease,
      since: past(since),
      heartbeat: past(heartbeat),
      expires: past(expires),
    });
    const late = await second.capstan("apply", "--auto-approve");
    expect(late.exit, late.stderr).toBe(0);
    expect(flat(late.stderr)).toMatch(/the lock of killed@.* ran out on .*; taking it over/);
    expect((await team.home.calls()).filter((argv) => argv[1] === "rotate")).toHaveLength(1);
  });

  it("the lock of a run that is gone is released by a person who names it", async () => {
    const [first, second] = await Promise.all([team.machine(), team.machine()]);
    const running = first.start(["apply", "--auto-approve"], { GITHUB_ACTOR: "killed" });
    await eventually(
      async () => (await team.refs()).has(RECORD),
      (there) => there,
    );
    running.kill("SIGKILL");
    await running;
    const { lock } = JSON.parse((await second.must("lock", "show", "--format", "json")).stdout);
    const other = await second.capstan("lock", "release", "--id", "another");
    expect(other.exit).toBe(1);
    expect(flat(other.stderr)).toContain(`the lock of acme.cluster has the id ${lock.id}, not another`);
    expect((await second.must("lock", "release", "--id", lock.id)).stdout).toContain(
      "Released the lock of killed@",
    );
    await team.home.must("sandbox", "fault", "node3", "clear");
    expect((await second.capstan("apply", "--auto-approve")).exit).toBe(0);
  });
});
