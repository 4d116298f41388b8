import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepPlaces } from "../../../src/rotation/plan-steps.ts";
import { QUIET_TICKS, READY_TICKS } from "../../../src/views/tui/gate.ts";
import { approvedOnScreen } from "../../../src/views/tui/offer.ts";
import { placeKey } from "../../../src/views/tui/places.ts";
import { reduce } from "../../../src/views/tui/reducer.ts";
import type { State } from "../../../src/views/tui/state.ts";
import { dialogText } from "../../../src/views/tui/view/dialog-lines.ts";
import { calmly, drawn, keyOf, open, press, type, wait } from "./keystrokes.ts";
import { BUSY_PLAN, FINAL_PLAN, failing, planOf, READY_PLAN, rotation, step } from "./sample.ts";

const KEYS = [
  ..."abcdefghijklmnopqrstuvwxyzABCGY0123456789?/., +-",
  "return",
  "escape",
  "tab",
  "backspace",
  "up",
  "down",
  "left",
  "right",
  "pageup",
  "pagedown",
  "home",
  "end",
  "meta-y",
] as const;

/** `q` and Ctrl-C end the screen, which would make it easy to approve nothing. */
const STAYING = KEYS.filter((name) => name !== "q");

const approving = (plan = READY_PLAN) => open({ mode: "approve", plan });

describe("an ordinary step", () => {
  it("is approved by a, then y, by a person who looks", () => {
    const state = calmly(approving(), "a", "y");
    expect(approvedOnScreen(state)).toEqual({
      ordinary: new Set(["acme.cluster/host-2026-11/host/init-update_clients"]),
      final: new Map(),
    });
    expect(state.status).toBe("open");
  });

  it("is handed over by s, then y", () => {
    const state = calmly(approving(), "a", "y", "s", "y");
    expect(state.status).toBe("rechecking");
    expect(reduce(state, { type: "rechecked", plan: structuredClone(READY_PLAN) }).status).toBe("agreed");
  });

  it.each([
    ["Enter", "return"],
    ["space", " "],
    ["Escape", "escape"],
    ["n", "n"],
    ["a again", "a"],
    ["Y", "Y"],
    ["Alt-y", "meta-y"],
  ])("is not approved by a, then %s", (_, name) => {
    const state = calmly(approving(), "a", name);
    expect(state.approved.size).toBe(0);
    expect(state.dialog).toBeNull();
  });

  it("is not approved by y alone", () => {
    expect(calmly(approving(), "y", "y", "y").approved.size).toBe(0);
  });

  it("is not approved by a y that came with the a", () => {
    const state = wait(press(approving(), "a", "y"), 20);
    expect(state.approved.size).toBe(0);
    expect(state.notice).toContain("that was quick");
    // The question stays, and an unhurried y answers it.
    expect(state.dialog?.kind).toBe("approve");
    expect(calmly(state, "y").approved.size).toBe(1);
  });

  it("a hasty key makes the question stand for its time again", () => {
    const hasty = press(wait(press(approving(), "a"), READY_TICKS - 1), "y");
    expect(wait(press(wait(hasty, 1), "y"), 20).approved.size).toBe(0);
    expect(wait(press(wait(hasty, READY_TICKS), "y"), 20).approved.size).toBe(1);
  });

  it("Esc leaves the question at once", () => {
    expect(press(approving(), "a", "escape").dialog).toBeNull();
  });

  it("is not approved before the question was on the screen, however long that took", () => {
    const asked = wait(reduce(approving(), { type: "key", key: keyOf("a") }), 50);
    expect(wait(press(asked, "y"), 20).approved.size).toBe(0);
  });

  it("is not approved by a y that another key follows at once", () => {
    const state = wait(press(wait(press(approving(), "a"), READY_TICKS), "y", "u"), 20);
    expect(state.approved.size).toBe(0);
    expect(state.notice).toContain("right after the y");
    expect(state.dialog?.kind).toBe("approve");
  });

  it("is not approved by a y that is held down", () => {
    let state = wait(press(approving(), "a"), READY_TICKS);
    for (let times = 0; times < 100; times += 1) state = wait(press(state, "y"), times % 3 === 0 ? 1 : 0);
    expect(wait(state, 20).approved.size).toBe(0);
  });

  it("has to be read anew when the terminal changes its size", () => {
    const asked = wait(press(approving(), "a"), READY_TICKS);
    const resized = drawn(reduce(asked, { type: "resize", size: { columns: 90, rows: 30 } }));
    expect(wait(press(resized, "y"), 20).approved.size).toBe(0);
  });

  it("is not approved on a terminal that is too small to show it", () => {
    const small = reduce(approving(), { type: "resize", size: { columns: 59, rows: 24 } });
    expect(calmly(small, "a", "y").approved.size).toBe(0);
    const shrunk = reduce(wait(press(approving(), "a"), READY_TICKS), {
      type: "resize",
      size: { columns: 80, rows: 10 },
    });
    expect(calmly(shrunk, "y").approved.size).toBe(0);
  });

  it("is withdrawn by w, and takes with it what builds on it", () => {
    const rows = calmly(approving(BUSY_PLAN), "return", "home", "down", "a", "y");
    expect(rows.approved.size).toBe(2);
    expect(calmly(rows, "down", "w").approved.size).toBe(0);
  });
});

describe("the point of no return", () => {
  it("is approved by the cluster's name and Enter", () => {
    const asked = calmly(approving(FINAL_PLAN), "a");
    const state = calmly(type(asked, "acme.cluster"), "return");
    expect(approvedOnScreen(state)).toEqual({
      ordinary: new Set(),
      final: new Map([["acme.cluster/host-2026-11/host/update_servers-standby", []]]),
    });
  });

  it("is approved by a name that was mistyped and mended", () => {
    const asked = type(calmly(approving(FINAL_PLAN), "a"), "acme.clustre");
    expect(calmly(type(press(asked, "backspace", "backspace"), "er"), "return").approved.size).toBe(1);
  });

  it.each([
    "",
    "y",
    "yes",
    "acme",
    "ACME.CLUSTER",
    "acme.cluster ",
    " acme.cluster",
    "acme.clusterr",
    "host-2026-11",
  ])("is not approved by %j and Enter", (typed) => {
    const state = calmly(type(calmly(approving(FINAL_PLAN), "a"), typed), "return");
    expect(state.approved.size).toBe(0);
    expect(state.dialog).toBeNull();
  });

  it("is not approved by a name that nobody confirmed, or left with Escape", () => {
    const typed = type(calmly(approving(FINAL_PLAN), "a"), "acme.cluster");
    expect(wait(typed, 50).approved.size).toBe(0);
    expect(calmly(typed, "escape").approved.size).toBe(0);
  });

  it("is not approved by name and Enter in one gust, and asks for Enter once more", () => {
    const gust = press(type(calmly(approving(FINAL_PLAN), "a"), "acme.cluster"), "return");
    expect(gust.notice).toContain("once more");
    expect(wait(gust, 20).approved.size).toBe(0);
    expect(calmly(gust, "return").approved.size).toBe(1);
  });

  it("is never part of a bundle", () => {
    const state = calmly(approving(BUSY_PLAN), "return", "home", "a", "end", "y");
    const finals = stepPlaces(BUSY_PLAN).filter(({ step }) => step.point_of_no_return);
    expect(finals).toHaveLength(1);
    expect(finals.some((place) => state.approved.has(placeKey(place)))).toBe(false);
    expect(state.approved.size).toBe(3);
  });

  it("names cluster and rotation, and is asked once for a pair", () => {
    const rotations = FINAL_PLAN.clusters[0]?.rotations ?? [];
    const pair = rotations.map((one) => {
      const [step] = one.steps;
      if (step === undefined) throw new Error("there is no step");
      const second = { ...step, id: `${step.id}-too`, authority: "user", after: step.id };
      return { ...one, steps: [step, second] };
    });
    const asked = calmly(
      open({
        mode: "approve",
        plan: planOf([{ name: "acme.cluster", rotations: pair }]),
        size: { columns: 80, rows: 60 },
      }),
      "a",
    );
    if (asked.dialog === null) throw new Error("there is no dialog");
    const { title, body } = dialogText(asked, asked.dialog, 60);
    const text = body.map((line) => line.map((part) => part.text).join("")).join("\n");
    expect(title).toContain("acme.cluster/host-2026-11");
    expect(text).toContain("user: update_servers → standby");
    expect(calmly(type(asked, "acme.cluster"), "return").approved.size).toBe(2);
  });

  it("takes the rotation's name too where the cluster has two", () => {
    const [one] = FINAL_PLAN.clusters[0]?.rotations ?? [];
    if (one === undefined) throw new Error("there is no rotation");
    const steps = one.steps.map((step) => ({ ...step, id: step.id.replace("host", "other") }));
    const two = planOf([{ name: "acme.cluster", rotations: [one, { ...one, name: "other", steps }] }]);
    const asked = calmly(approving(two), "a");
    expect(calmly(type(asked, "acme.cluster"), "return").approved.size).toBe(0);
    const state = calmly(type(asked, "acme.cluster/host-2026-11"), "return");
    expect([...approvedOnScreen(state).final.keys()]).toEqual([
      "acme.cluster/host-2026-11/host/update_servers-standby",
    ]);
  });

  it("cannot be approved where the name cannot be typed", () => {
    const hostile = planOf([{ name: "acme\u202e", rotations: FINAL_PLAN.clusters[0]?.rotations ?? [] }]);
    const state = calmly(approving(hostile), "a");
    expect(state.dialog).toMatchObject({ kind: "refused" });
  });
});

describe("what cannot be approved says why", () => {
  const reasons = (state: State) => (state.dialog?.kind === "refused" ? state.dialog.reasons.join("\n") : "");
  const blocked = (guards: ReturnType<typeof failing>) =>
    planOf([
      {
        name: "acme.cluster",
        rotations: [
          rotation("host-2026-11", {
            steps: [step("host-2026-11", "host", { from: "init", to: "update_clients" }, { guards })],
          }),
        ],
      },
    ]);

  it("a guard refuses", () => {
    const state = calmly(approving(blocked(failing("roster", ["node/web-1"]))), "a");
    expect(reasons(state)).toBe("host: init → update_clients is blocked by roster");
    expect(calmly(state, "y", "y").approved.size).toBe(0);
  });

  it("a guard cannot tell", () => {
    const state = calmly(approving(blocked(failing("soak", ["authority/host"], "unknown"))), "a");
    expect(reasons(state)).toBe("host: init → update_clients is blocked by soak (unknown)");
  });

  it("the step before it is not approved", () => {
    const state = calmly(approving(BUSY_PLAN), "return", "home", "down", "down", "down", "a");
    expect(reasons(state)).toContain("approve that first");
  });

  it("drift makes the cluster wait", () => {
    const [cluster] = READY_PLAN.clusters;
    const drift = {
      id: "foreign-rotation",
      subject: "authority/user",
      message: "rotates, and nothing in git asked for it",
      remedy: "wait",
      blocks: true,
    };
    const plan = { ...READY_PLAN, clusters: cluster === undefined ? [] : [{ ...cluster, drift: [drift] }] };
    const state = calmly(approving(plan), "end", "a");
    expect(reasons(state)).toContain("authority/user rotates");
  });

  it("a plan that is only shown approves nothing", () => {
    const state = calmly(open({ mode: "read", plan: READY_PLAN }), "a", "y", "s", "y");
    expect(state.approved.size).toBe(0);
    expect(state.status).toBe("open");
    expect(calmly(open({ mode: "read", plan: READY_PLAN }), "a").notice).toContain("capstan apply");
  });

  it("a step that two clusters call the same is approved in the one that was asked for", () => {
    const both = planOf(["east", "west"].map((name) => ({ name, rotations: [rotation("host-2026-11")] })));
    const one = calmly(approving(both), "a", "y");
    expect(one.approved.size).toBe(1);
    const key = (name: string) => `${name}/host-2026-11/host/init-update_clients`;
    expect([...approvedOnScreen(one).ordinary]).toEqual([key("east")]);
    expect([...approvedOnScreen(calmly(one, "end", "a", "y")).ordinary]).toEqual([key("east"), key("west")]);
  });

  it("a question that is longer than the screen has to be scrolled to its end", () => {
    const many = planOf([
      {
        name: "acme.cluster",
        rotations: Array.from({ length: 30 }, (_, index) => rotation(`host-${index}`)),
      },
    ]);
    const asked = calmly(approving(many), "home", "a");
    expect(calmly(asked, "y").approved.size).toBe(0);
    expect(calmly(asked, "end", "y").approved.size).toBe(30);
  });
});

describe("what was approved is what is on the screen", () => {
  it("shows what moved, and asks again", () => {
    const started = calmly(approving(), "a", "y", "s", "y");
    const state = drawn(reduce(started, { type: "rechecked", plan: FINAL_PLAN }));
    expect(state.status).toBe("open");
    expect(state.approved.size).toBe(0);
    expect(state.plan).toBe(FINAL_PLAN);
    expect(state.dialog).toMatchObject({ kind: "moved" });
    expect(press(state, "y").dialog).toMatchObject({ kind: "moved" });
    expect(calmly(state, "y").dialog).toBeNull();
    expect(calmly(state, "y", "y", "s", "y").status).toBe("open");
  });

  it("stays open when the clusters cannot be looked at, and can be asked again", () => {
    const started = calmly(approving(), "a", "y", "s", "y");
    const failed = reduce(started, { type: "recheck-failed", message: "tctl hangs", hint: null });
    expect(failed).toMatchObject({ status: "open", dialog: { kind: "refused", reasons: ["tctl hangs"] } });
    expect(calmly(failed, "escape", "s", "y").status).toBe("rechecking");
  });

  it("leaves with nothing approved", () => {
    expect(calmly(approving(), "a", "y", "q")).toMatchObject({ status: "left", approved: new Set() });
    expect(press(calmly(approving(), "a", "y", "s"), "ctrl-c")).toMatchObject({
      status: "left",
      approved: new Set(),
    });
  });
});

describe("leaning on the keyboard", () => {
  const plans = fc.constantFrom(READY_PLAN, FINAL_PLAN, BUSY_PLAN, short("a"), short("aa"));

  it.each(["return", " ", "y", "a", "s"])("a thousand times %j approves nothing", (name) => {
    for (const plan of [READY_PLAN, FINAL_PLAN, BUSY_PLAN]) {
      let state = approving(plan);
      for (let times = 0; times < 1_000; times += 1) state = wait(press(state, name), times % 2);
      expect(wait(state, 50)).toMatchObject({ status: "open", approved: new Set() });
    }
  });

  it("random keys at machine speed approve nothing, whatever they are", () => {
    // Up to ten keys between two ticks, and never two ticks without a key: ten to a hundred keys a second.
    // Those that approve come often, as chance alone would hardly ever put them in a row.
    const key = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("a", "y", "return") },
      { weight: 2, arbitrary: fc.constantFrom(...STAYING) },
    );
    const gust = fc.oneof(
      fc.array(key, { minLength: 1, maxLength: 2 }),
      fc.array(key, { minLength: 1, maxLength: 10 }),
    );
    const gusts = fc.array(gust, { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(plans, gusts, (plan, keys) => {
        let state = approving(plan);
        for (const gust of keys) {
          state = wait(press(state, ...gust), 1);
          expect(state.approved.size).toBe(0);
        }
        expect(wait(state, 50)).toMatchObject({ approved: new Set(), status: "open" });
      }),
      { numRuns: 300 },
    );
  });

  it("a thousand keys, and among them every pair of a and y", () => {
    for (const plan of [READY_PLAN, BUSY_PLAN]) {
      for (let gap = 0; gap < READY_TICKS; gap += 1) {
        let state = approving(plan);
        for (let times = 0; times < 500; times += 1)
          state = wait(press(wait(press(state, "a"), gap), "y"), gap);
        expect(wait(state, 50).approved.size).toBe(0);
      }
    }
  });

  it("whatever was approved had a question that stood, and an answer that stood alone", () => {
    const strokes = fc.array(
      fc.tuple(
        fc.constantFrom(...STAYING, "a", "a", "a", "y", "y", "y"),
        fc.integer({ min: 0, max: READY_TICKS + 2 }),
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(strokes, (keys) => {
        let state = approving();
        for (const [index, [name, ticks]] of keys.entries()) {
          const before = state.approved.size;
          state = wait(press(state, name), ticks);
          if (state.approved.size <= before) continue;
          expect(name).toBe("y");
          expect(ticks).toBeGreaterThanOrEqual(QUIET_TICKS);
          // Whatever came before it, the question has stood for its time since.
          expect(keys[index - 1]?.[1]).toBeGreaterThanOrEqual(READY_TICKS);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("nothing is started by accident even when something is approved", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STAYING), { maxLength: 300 }), (keys) => {
        const state = press(calmly(approving(), "a", "y"), ...keys);
        expect(wait(state, 1).status).toBe("open");
      }),
    );
  });

  function short(name: string) {
    return planOf([{ name, rotations: FINAL_PLAN.clusters[0]?.rotations ?? [] }]);
  }
});
