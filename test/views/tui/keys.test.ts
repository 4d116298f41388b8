import { describe, expect, it } from "vitest";
import type { Plan, RotationPlan, Step } from "../../../src/rotation/plan.ts";
import { clipboardSequence } from "../../../src/views/tui/clipboard.ts";
import { reduce } from "../../../src/views/tui/reducer.ts";
import type { State } from "../../../src/views/tui/state.ts";
import { calmly, open, press, type, wait } from "./keystrokes.ts";
import { BUSY_PLAN, COMPONENTS, FINAL_PLAN, READY_PLAN, runOf } from "./sample.ts";

function reviewing(plan: Plan, more: Partial<Parameters<typeof open>[0]> = {}): State {
  return open({ mode: "approve", plan, components: COMPONENTS, canLook: true, ...more });
}

function withFirst(plan: Plan, change: (rotation: RotationPlan) => RotationPlan): Plan {
  const [cluster, ...others] = plan.clusters;
  const [rotation, ...rest] = cluster?.rotations ?? [];
  if (cluster === undefined || rotation === undefined) throw new Error("no rotation");
  return { ...plan, clusters: [{ ...cluster, rotations: [change(rotation), ...rest] }, ...others] };
}

function withStep(change: Partial<Step>): Plan {
  return withFirst(READY_PLAN, (rotation) => ({
    ...rotation,
    steps: rotation.steps.map((step) => ({ ...step, ...change })),
  }));
}

describe("c copies", () => {
  it("the id of a step that nothing holds", () => {
    const state = press(reviewing(READY_PLAN), "c");
    expect(state.copied).toEqual({ text: "host-2026-11/host/init-update_clients", times: 1 });
    expect(state.notice).toBe("copied: host-2026-11/host/init-update_clients");
    expect(press(state, "c").copied?.times).toBe(2);
  });

  it("the command that ends what holds it", () => {
    const finding = { subject: "node/a", message: "is away", remedy: "run `capstan waive roster node/a`" };
    const guards = [{ id: "roster", outcome: "fail", findings: [finding], waived: [] }] as const;
    expect(press(reviewing(withStep({ guards })), "c").copied?.text).toBe("capstan waive roster node/a");
  });

  it("nothing that could do harm where it is pasted", () => {
    const state = press(reviewing(withStep({ id: "x\u001b[31m\nrm -rf /" })), "c");
    expect(state.copied).toBeNull();
    expect(state.notice).toBe("there is nothing to copy here");
  });

  it("the component under the cursor, and the one that a run waits for", () => {
    const listed = type(press(reviewing(BUSY_PLAN), "return", "/"), "web-11");
    expect(press(listed, "return", "c").copied?.text).toMatch(/^node\/web-11/);
    const waiting = runOf(BUSY_PLAN)
      .slice(0, 8)
      .reduce<State>(
        (state, event) => reduce(state, { type: "event", event }),
        open({ mode: "watch", plan: BUSY_PLAN }),
      );
    expect(press(waiting, "c").copied?.text).toBe("acme.cluster");
    expect(press(waiting, "return", "c").copied?.text).toBe(
      waiting.run.tracks[waiting.run.active ?? 0]?.waiting?.laggards[0]?.subject,
    );
  });

  it("as the terminal's clipboard understands it", () => {
    expect(clipboardSequence("ü")).toBe("\u001b]52;c;w7w=\u0007");
  });
});

describe("l looks again", () => {
  it("and says that nothing has moved, or what", () => {
    const looking = press(reviewing(READY_PLAN), "l");
    expect(looking.status).toBe("looking");
    const same = reduce(looking, { type: "rechecked", plan: READY_PLAN });
    expect(same).toMatchObject({ status: "open", notice: "looked again: nothing has moved" });
    const components = new Map([["acme.cluster", []]]);
    expect(reduce(looking, { type: "rechecked", plan: READY_PLAN, components }).components).toBe(components);
    const moved = reduce(looking, { type: "rechecked", plan: FINAL_PLAN, components });
    expect(moved.components).toBe(components);
    expect(moved.dialog?.kind).toBe("moved");
    expect(moved.plan).toBe(FINAL_PLAN);
  });

  it("and approves nothing by it", () => {
    const approved = calmly(reviewing(READY_PLAN), "a", "y");
    expect(approved.approved.size).toBe(1);
    const again = reduce(press(approved, "l"), { type: "rechecked", plan: READY_PLAN });
    expect(again.status).toBe("open");
    expect(again.approved.size).toBe(1);
  });

  it("says why it cannot", () => {
    const failed = reduce(press(reviewing(READY_PLAN), "l"), {
      type: "recheck-failed",
      message: "tctl is not there",
      hint: null,
    });
    expect(failed).toMatchObject({ status: "open", dialog: { kind: "refused" } });
    expect(press(reviewing(READY_PLAN, { canLook: false }), "l")).toMatchObject({
      status: "open",
      notice: "there is nothing to look at again: this is a plan from a file",
    });
  });
});

describe("o shows the file and the line", () => {
  it("of the rotation", () => {
    const plan = withFirst(READY_PLAN, (rotation) => ({
      ...rotation,
      source: { file: "rotations/host.yaml", line: 3 },
    }));
    expect(press(reviewing(plan), "o").notice).toBe("rotations/host.yaml:3");
    expect(press(reviewing(READY_PLAN), "o").notice).toBe("no file of git says this");
  });
});

describe("the time of a run", () => {
  it("counts from its first step, not from the questions before it", () => {
    const [plan, ...events] = runOf(READY_PLAN);
    if (plan === undefined) throw new Error("no events");
    const asked = reduce(open({ mode: "watch", plan: READY_PLAN }), {
      type: "event",
      event: { ...plan, at: "2026-11-21T08:00:00.000Z" },
    });
    expect(asked.run.startedAt).toBeNull();
    const started = events.find(({ type }) => type === "step-started");
    if (started === undefined) throw new Error("nothing starts");
    const running = wait(reduce(asked, { type: "event", event: started }), 1);
    expect(running.run.startedAt).toBe(started.at);
  });
});
