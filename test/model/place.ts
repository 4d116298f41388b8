import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import type { ObserveScope, Platform, TransitionRequest } from "../../src/platforms/platform.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import type { RecordStore } from "../../src/record/store.ts";
import { FORWARD, type Phase } from "../../src/rotation/phase.ts";
import { approved } from "../world/apply.ts";
import { git } from "../world/git.ts";
import { CLUSTER, desired, rotation } from "../world/host-rotation.ts";
import { MemoryStore } from "../world/memory-store.ts";
import { WalkClock } from "./clock.ts";
import { EmulatedCluster } from "./cluster.ts";
import { asRun, type Moment, Mortal, mortal, untilKilled } from "./mortal.ts";

const NEVER = new AbortController().signal;

/** Where the record is. */
export type Kind = "folder" | "refs";

/** The steps of a rotation and the rollbacks out of each phase in the middle, with what was walked before. */
export const STEPS: readonly { readonly step: Phase; readonly before: readonly Phase[] }[] = [
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

/** A folder that is gone after the test. */
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "capstan-place-"));
  folders.push(folder);
  return folder;
}

/** The same as it is now, elsewhere. */
export async function copyOf(folder: string): Promise<string> {
  const copy = await newFolder();
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** An emulated cluster, and a record where a team has it. */
export class Place {
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
    return (await untilKilled(run, () => this.apply(phase, storeOf, run))) === null;
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

/** The store of a record that is kept there. */
export function recordIn(folder: string, kind: Kind) {
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

/** A folder in which a record of that kind may begin. */
export async function emptyRecordIn(kind: Kind): Promise<string> {
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
export async function walked(before: readonly Phase[]): Promise<Place> {
  const place = new Place();
  const store = new MemoryStore();
  for (const phase of before) await place.apply(phase, () => store);
  return place;
}
