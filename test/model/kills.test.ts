import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { Failure } from "../../src/failure.ts";
import type { ObserveScope, Platform, TransitionRequest } from "../../src/platforms/platform.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import type { RecordStore } from "../../src/record/store.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { approved } from "../world/apply.ts";
import { git } from "../world/git.ts";
import { CLUSTER, desired, rotation } from "../world/host-rotation.ts";
import { MemoryStore } from "../world/memory-store.ts";
import { Killed } from "../world/model-cluster.ts";
import { WalkClock } from "./clock.ts";
import { EmulatedCluster } from "./cluster.ts";
import { asRun, type Moment, Mortal, mortal, runAtWork } from "./mortal.ts";

// Every file that a run writes, makes, renames or removes; reading has no effect.
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const { mortal: counted } = await import("./mortal.ts");
  return {
    ...real,
    ...Object.fromEntries(
      (["link", "mkdir", "open", "rename", "rm", "unlink", "utimes", "writeFile"] as const).map((name) => [
        name,
        counted(() => name, real[name] as (...args: unknown[]) => Promise<unknown>),
      ]),
    ),
  };
});

// Every git that a run starts.
vi.mock("../../src/record/plumbing.ts", async (original) => {
  const real = await original<typeof import("../../src/record/plumbing.ts")>();
  const { mortal: counted } = await import("./mortal.ts");
  return { ...real, runGit: counted((_folder, _env, [verb = ""], _given) => `git ${verb}`, real.runGit) };
});

// The runs of this process are the processes of one machine: one that was killed is dead.
vi.mock("../../src/record/holder-process.ts", async () => {
  const { runAtWork: run } = await import("./mortal.ts");
  const started = () => String(run()?.number ?? 0);
  return {
    exists: () => true,
    thisProcess: async () => ({ place: "here", started: started() }),
    lifeOf: async (holder: { readonly started: string | null }) =>
      holder.started === started() ? "alive" : "dead",
  };
});

/** Each n-th point, and in a soak every one of them. */
const STRIDE = Number(process.env["CAPSTAN_KILL_STRIDE"] ?? 37);
const FORWARD: readonly Phase[] = ["init", "update_clients", "update_servers", "standby"];
const LEASE_MS = 6 * 60_000;
const NEVER = new AbortController().signal;
type Kind = "folder" | "refs";
/** A git remote takes ten times as long: in a soak alone. */
const KINDS: readonly Kind[] = STRIDE < 37 ? ["folder", "refs"] : ["folder"];

const STEPS = [
  ...FORWARD.map((phase, index) => ({ step: phase, before: FORWARD.slice(0, index) })),
  ...FORWARD.slice(0, 3).map((_, index) => ({
    step: "rollback" as const,
    before: FORWARD.slice(0, index + 1),
  })),
];

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "capstan-kills-"));
  folders.push(folder);
  return folder;
}

/** An emulated cluster, and a record where a team has it. */
class Place {
  readonly clock = new WalkClock();
  readonly cluster = new EmulatedCluster(
    this.clock,
    ["host"],
    { version: "18.7.0", swapsOutOfInit: false },
    2_000,
  );
  readonly #original = this.cluster.authority("host").active;
  /** What was asked for and refused: it had happened, or was out of order. */
  readonly refused: string[] = [];
  #runs = 0;

  constructor() {
    this.clock.pass(60_000);
  }

  async apply(phase: Phase, storeOf: (place: Place) => RecordStore, run = this.run()): Promise<RunOutcome> {
    const { cluster } = this;
    const platform: Platform = {
      observe: mortal(
        () => "look",
        (scope: ObserveScope) => cluster.observe(scope),
      ),
      transition: mortal(
        () => "transition",
        async (request: TransitionRequest) => {
          const reply = await cluster.transition(request);
          if (!reply.accepted) this.refused.push(`${cluster.authority("host").phase} → ${request.to}`);
          return reply;
        },
      ),
    };
    const wanted = rotation(phase, { authorities: [{ type: "host", retire: this.#original }] });
    return await asRun(run, () =>
      applyPlan({
        desired: desired([wanted]),
        parallel: 1,
        commit: null,
        platforms: new Map([[CLUSTER, platform]]),
        store: storeOf(this),
        clock: this.clock,
        signal: NEVER,
        turnBackOf: () => NEVER,
        emit: () => {},
        approve: async (plan) => approved(plan, true),
        holder: { who: "test", why: "test" },
      }),
    );
  }

  run(at?: number, moment?: Moment): Mortal {
    this.#runs += 1;
    return new Mortal(this.#runs, at, moment);
  }

  /** `false`: it ended before that call. */
  async killedAt(
    phase: Phase,
    storeOf: (place: Place) => RecordStore,
    at: number,
    moment: Moment,
  ): Promise<boolean> {
    const run = this.run(at, moment);
    await this.apply(phase, storeOf, run).catch((error: unknown) => {
      // What is thrown on the way out of a process that is dead is nothing.
      if (!run.isDead || !(error instanceof Killed || error instanceof Failure)) throw error;
    });
    return run.isDead;
  }

  get isWhole(): boolean {
    const { accepted } = this.cluster.authority("host");
    return this.cluster.agents.every((agent) => agent.livesBy(accepted));
  }

  get isBack(): boolean {
    const { active, phase } = this.cluster.authority("host");
    return phase === "standby" && this.#original.every((key) => active.includes(key));
  }
}

function recordIn(folder: string, kind: Kind) {
  return ({ clock }: Place): RecordStore => {
    const clocks = {
      wall: () => clock.now(),
      boot: () => clock.monotonic(),
      monotonic: () => clock.monotonic(),
    };
    const repeat = () => () => {};
    const own = { clocks, repeat };
    if (kind === "folder") return folderStore(join(folder, "record"), clocks.wall, own);
    return refsStore({ folder: join(folder, "clone"), env: process.env, clock: clocks.wall, ...own });
  };
}

async function emptyRecordIn(kind: Kind): Promise<string> {
  const folder = await newFolder();
  if (kind === "folder") {
    await mkdir(join(folder, "record"));
    return folder;
  }
  await git(folder, ["init", "--quiet", "--bare", "remote.git"]);
  await git(folder, ["init", "--quiet", "--initial-branch=main", "clone"]);
  // From wherever the two are copied to.
  await git(join(folder, "clone"), ["remote", "add", "origin", "../remote.git"]);
  return folder;
}

/** The cluster as the same walk leaves it: time is virtual, so it is the same to the millisecond. */
async function walked(before: readonly Phase[]): Promise<Place> {
  const place = new Place();
  const store = new MemoryStore();
  for (const phase of before) await place.apply(phase, () => store);
  return place;
}

describe.each(KINDS)(
  "SIGKILL at every write, rename, git, look and transition; the record in a %s",
  (kind) => {
    it.each(STEPS)("$step after $before", async ({ step, before }) => {
      const folder = await emptyRecordIn(kind);
      const base = new Place();
      for (const phase of before) await base.apply(phase, recordIn(folder, kind));
      let points = 0;
      let calls: readonly string[] = [];

      async function killed(at: number, moment: Moment) {
        const copy = await newFolder();
        await cp(folder, copy, { recursive: true });
        const place = await walked(before);
        place.clock.pass(base.clock.monotonic() - place.clock.monotonic());
        const storeOf = recordIn(copy, kind);
        const isKilled = await place.killedAt(step, storeOf, at, moment);
        // Nobody can see whether a runner elsewhere still lives: its lease has to end.
        if (kind === "refs") place.clock.pass(LEASE_MS);
        return { place, storeOf, isKilled };
      }

      for (const moment of ["before", "after"] as const) {
        for (let at = 1; ; at += STRIDE) {
          const { place, storeOf, isKilled } = await killed(at, moment);
          if (!isKilled) break;
          points += 1;
          const where = `killed ${moment} call ${at}`;
          const next = place.run();
          const outcome = await place.apply(step, storeOf, next);
          calls = next.calls.length > calls.length ? next.calls : calls;
          expect(["applied", "nothing-to-do"], where).toContain(outcome);
          expect(place.refused, where).toEqual([]);
          expect(place.isWhole, where).toBe(true);
          expect(step === "rollback" ? place.isBack : place.cluster.authority("host").phase, where).toBe(
            step === "rollback" ? true : step,
          );
          expect(await place.apply(step, storeOf), where).toBe("nothing-to-do");
          if (step === "rollback" || step === "standby") continue;
          const changed = await killed(at, moment);
          await changed.place.apply("rollback", changed.storeOf);
          expect(changed.place.isBack, `${where}, then a rollback`).toBe(true);
          expect(changed.place.refused, `${where}, then a rollback`).toEqual([]);
          expect(changed.place.isWhole, `${where}, then a rollback`).toBe(true);
        }
      }
      expect(points).toBeGreaterThan(1);
      if (STRIDE === 1) console.log(`${kind}, ${step} after ${before.length}: ${points} points`);
      expect(runAtWork()).toBeUndefined();
    });
  },
);
