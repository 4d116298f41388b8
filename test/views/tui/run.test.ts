import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/apply/event.ts";
import type { Phase } from "../../../src/rotation/phase.ts";
import type { Plan } from "../../../src/rotation/plan.ts";
import { hear } from "../../../src/views/run/hear.ts";
import { howToGoOn } from "../../../src/views/run/how-to-go-on.ts";
import { LOG_KEPT } from "../../../src/views/run/run-log.ts";
import { type Run, rollbackRefusal, startRun, type Track } from "../../../src/views/run/run-state.ts";
import { summaryLines } from "../../../src/views/tui/summary.ts";
import { BUSY_PLAN, FINAL_PLAN, NOW, READY_PLAN, rotation, runOf, step } from "./sample.ts";

const AT = "2026-11-21T10:30:00.000Z";
const [CLUSTER, ROTATION] = ["acme.cluster", "host-2026-11"];
const STEP = step(ROTATION, "host", { from: "init", to: "update_clients" });

type Said = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, "at"> : never) : never;

function runWith(plan: Plan, ...events: readonly Said[]): Run {
  return events.reduce<Run>((run, event) => hear(run, { at: AT, ...event } as RunEvent), startRun(plan));
}

const STARTED = { type: "step-started", cluster: CLUSTER, rotation: ROTATION, step: STEP } as const;
const REQUESTED = {
  type: "transition-requested",
  cluster: CLUSTER,
  authority: "host",
  to: "update_clients",
} as const;
const OBSERVED = {
  type: "transition-observed",
  cluster: CLUSTER,
  authority: "host",
  phase: "update_clients",
} as const;
const VERIFIED = { type: "step-verified", cluster: CLUSTER, rotation: ROTATION, step: STEP } as const;
const FAILED = {
  type: "step-failed",
  cluster: CLUSTER,
  rotation: ROTATION,
  step: STEP,
  message: "not in time",
  findings: [],
} as const;
const TURNED = {
  type: "rollback-started",
  cluster: CLUSTER,
  rotation: ROTATION,
  reason: "node/web-1",
} as const;

const track = (phase: Phase, more: Partial<Track> = {}): Track => ({
  cluster: CLUSTER,
  rotation: ROTATION,
  authority: "host",
  phase,
  goal: "standby",
  state: "running",
  requested: null,
  steps: [],
  waiting: null,
  reason: null,
  ...more,
});

describe("what the events of a run tell", () => {
  it.each<[string, readonly Said[], Partial<Track>]>([
    ["nothing yet", [], { state: "queued", phase: "init", requested: null }],
    ["a step began", [STARTED], { state: "running", phase: "init" }],
    ["the platform was asked", [STARTED, REQUESTED], { requested: "update_clients", phase: "init" }],
    ["the phase was seen", [STARTED, REQUESTED, OBSERVED], { requested: null, phase: "update_clients" }],
    [
      "everybody followed",
      [STARTED, REQUESTED, OBSERVED, VERIFIED],
      { state: "done", phase: "update_clients", waiting: null },
    ],
    [
      "somebody did not",
      [STARTED, REQUESTED, OBSERVED, FAILED],
      { state: "failed", phase: "update_clients" },
    ],
    ["it turned back", [STARTED, REQUESTED, OBSERVED, FAILED, TURNED], { state: "rolling-back" }],
    [
      "a guard refused",
      [{ type: "blocked", cluster: CLUSTER, rotation: ROTATION, step: STEP }],
      { state: "blocked" },
    ],
    [
      "a person stopped it",
      [STARTED, { type: "interrupted", cluster: CLUSTER, message: "stopped" }],
      { state: "stopped" },
    ],
  ])("%s", (_, events, track) => {
    expect(runWith(READY_PLAN, ...events).tracks[0]).toMatchObject(track);
  });

  it("follows a rollback that apply decided by itself to its end", () => {
    const undo = [
      step(ROTATION, "host", { from: "update_clients", to: "rollback" }),
      step(ROTATION, "host", { from: "rollback", to: "standby" }),
    ];
    const back = undo.flatMap((one): Said[] => [
      { ...STARTED, step: one },
      { ...VERIFIED, step: one },
    ]);
    const [track] = runWith(READY_PLAN, STARTED, OBSERVED, FAILED, TURNED, ...back).tracks;
    expect(track).toMatchObject({ state: "rolled-back", phase: "standby" });
    expect(track?.steps.map(({ state }) => state)).toEqual(["failed", "verified", "verified"]);
  });

  it("keeps what it knows when a later plan arrives, and takes the first one", () => {
    const begun = runWith(READY_PLAN, STARTED, { type: "plan", plan: BUSY_PLAN });
    expect(begun.tracks).toHaveLength(1);
    expect(runWith(READY_PLAN, { type: "plan", plan: BUSY_PLAN }).tracks).toHaveLength(4);
  });

  it("shows a stream without a plan", () => {
    const empty: Plan = { ...READY_PLAN, clusters: [] };
    expect(runWith(empty, STARTED, OBSERVED).tracks[0]).toMatchObject({
      cluster: CLUSTER,
      phase: "update_clients",
    });
    expect(runWith(empty, OBSERVED).tracks).toEqual([]);
  });

  it("keeps a bounded log", () => {
    const notices = Array.from(
      { length: LOG_KEPT + 20 },
      (_, index): Said => ({ type: "notice", message: `${index}` }),
    );
    const { log } = runWith(READY_PLAN, ...notices);
    expect(log).toHaveLength(LOG_KEPT);
    expect(log.at(-1)?.text).toBe(`${LOG_KEPT + 19}`);
  });

  it("ends with every step of the sample verified", () => {
    const run = runOf(BUSY_PLAN).reduce(hear, startRun(BUSY_PLAN));
    expect(run.tracks.map(({ state }) => state)).toEqual(["done", "done", "done", "done"]);
    expect(run.ending).toEqual({ outcome: "applied", message: "everything that was planned is done" });
  });
});

describe("whether a run can still be rolled back", () => {
  const going = startRun(READY_PLAN);

  it.each<[string, Run, Track | undefined, boolean]>([
    ["nothing has begun", going, undefined, false],
    ["still in the standby before", going, track("standby"), false],
    ["init", going, track("init"), true],
    ["update_clients", going, track("update_clients"), true],
    ["update_servers", going, track("update_servers"), true],
    ["the point of no return was asked for", going, track("update_servers", { requested: "standby" }), false],
    ["the standby after", going, track("standby", { state: "done" }), false],
    ["it goes back already", going, track("update_clients", { state: "rolling-back" }), false],
    ["it went back already", going, track("standby", { state: "rolled-back" }), false],
    ["a failed step, still in its phase", going, track("update_clients", { state: "failed" }), true],
    [
      "the run is over",
      runWith(READY_PLAN, { type: "finished", outcome: "applied", message: "" }),
      track("update_clients"),
      false,
    ],
  ])("%s", (_, run, one, possible) => {
    expect(rollbackRefusal(run, one) === null).toBe(possible);
  });
});

describe("how to go on", () => {
  const ending = { outcome: "applied", message: "everything that was planned is done" } as const;
  const done = (authority: string, phase: Phase): Track => ({
    ...track(phase, { state: "done" }),
    authority,
  });

  const taken: Track["steps"][number] = {
    step: step("host-2026-11", "host", { from: "update_servers", to: "standby" }),
    state: "verified",
    startedAt: null,
    endedAt: null,
  };

  it.each<[string, readonly Track[], string]>([
    ["in init", [done("host", "init")], "capstan rotate advance host sets the next phase, for a commit"],
    [
      "a pair in init",
      [done("db", "init"), done("db_client", "init")],
      "capstan rotate advance db,db_client sets the next phase, for a commit",
    ],
    [
      "before the last step",
      [done("host", "update_servers")],
      "capstan rotate finish host drops the old key, for a commit: the point of no return",
    ],
    ["at the end", [done("host", "standby")], "capstan status shows the keys as they are now"],
    [
      "after a walk",
      [{ ...done("host", "standby"), steps: [taken, taken] }],
      "capstan rotate finish host writes the new key into git, for a commit",
    ],
  ])("%s", (_, tracks, next) => {
    expect(howToGoOn({ ending, tracks, several: false })).toBe(next);
  });

  it("says of which cluster, where git has several", () => {
    const tracks = [done("host", "init")];
    expect(howToGoOn({ ending, tracks, several: true })).toBe(
      "capstan rotate advance host --cluster acme.cluster sets the next phase, for a commit",
    );
  });

  it("is not said twice", () => {
    const message = "stopped at a safe point; `capstan apply` goes on from what it then observes";
    expect(howToGoOn({ ending: { outcome: "interrupted", message }, tracks: [], several: false })).toBeNull();
  });
});

describe("the summary in the scrollback", () => {
  const text = (run: Run) =>
    summaryLines(run, NOW, 80)
      .map((row) => row.map((part) => part.text).join(""))
      .join("\n");
  const ended = (plan: Plan, events: readonly RunEvent[]) => text(events.reduce(hear, startRun(plan)));
  const finish = (
    outcome: "blocked" | "rolled-back" | "interrupted" | "failed" | "stale" | "locked" | "nothing-to-do",
    message: string,
  ): Said => ({ type: "finished", outcome, message });

  it("of a phase that was reached, with how to go on", () => {
    expect(ended(READY_PLAN, runOf(READY_PLAN))).toMatchInlineSnapshot(`
      "capstan apply  02:05
      acme.cluster, host-2026-11
        ✔ host: init → update_clients  done, 02:04

      applied: everything that was planned is done
      next  capstan rotate advance host sets the next phase, for a commit"
    `);
  });
  it("of the point of no return", () => {
    expect(ended(FINAL_PLAN, runOf(FINAL_PLAN))).toMatchInlineSnapshot(`
      "capstan apply  02:05
      acme.cluster, host-2026-11
        ✔ host: update_servers → standby  done, 02:04

      applied: everything that was planned is done
      next  capstan status shows the keys as they are now"
    `);
  });
  it("of a rollback", () => {
    expect(
      text(
        runWith(
          READY_PLAN,
          STARTED,
          OBSERVED,
          FAILED,
          TURNED,
          finish("rolled-back", "not in time: node/web-1"),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "capstan apply  00:00
      acme.cluster, host-2026-11
        ✗ host: init → update_clients  failed, 00:00

      rolled-back: not in time: node/web-1
      next  capstan plan shows how it stands; the same content in git does not start
            it again"
    `);
  });
  it("of a run that a person stopped", () => {
    expect(
      text(
        runWith(
          READY_PLAN,
          STARTED,
          finish(
            "interrupted",
            "stopped at a safe point; `capstan apply` goes on from what it then observes",
          ),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "capstan apply  00:00
      acme.cluster, host-2026-11
        ~ host: init → update_clients  stopped

      interrupted: stopped at a safe point; \`capstan apply\` goes on from what it then
      observes"
    `);
  });
  it("of a run that ended without a word", () => {
    expect(
      text(
        runWith(READY_PLAN, STARTED, {
          type: "waiting",
          cluster: CLUSTER,
          authority: "host",
          phase: "update_clients",
          deadline: AT,
          progress: [],
          laggards: Array.from({ length: 7 }, (_, index) => ({
            subject: `node/web-${index}`,
            message: "is at init, not update_clients",
            since: AT,
          })),
        }),
      ),
    ).toMatchInlineSnapshot(`
      "capstan apply  00:00
      acme.cluster, host-2026-11
        ~ host: init → update_clients  stopped
            node/web-0: is at init, not update_clients
            node/web-1: is at init, not update_clients
            node/web-2: is at init, not update_clients
            node/web-3: is at init, not update_clients
            node/web-4: is at init, not update_clients
            and 2 more

      the run ended without a word
      next  capstan plan says what is left, what blocks and what to do about it"
    `);
  });
  it.each(["blocked", "failed", "stale", "locked", "nothing-to-do"] as const)(
    "of a run that ended as %s says what is next",
    (outcome) => {
      expect(text(runWith(READY_PLAN, finish(outcome, "so it is")))).toMatch(/next {2}\S/);
    },
  );
  it("does not let a message write more lines than it has", () => {
    const said = text(
      runWith(
        {
          ...READY_PLAN,
          clusters: [
            {
              name: "a\nb",
              platform: "teleport",
              fingerprint: null,
              problem: null,
              wave: null,
              hold: null,
              rotations: [rotation("x\u001b[2J")],
              overrides: [],
              drift: [],
            },
          ],
        },
        finish("failed", "one\ntwo\u001b[31m"),
      ),
    );
    expect(said).not.toContain("\u001b");
    expect(said).toContain("one�two");
  });
});
