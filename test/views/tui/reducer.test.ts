import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/apply/event.ts";
import { keyPresses } from "../../../src/views/tui/key-presses.ts";
import { NO_PLAN, startReplay } from "../../../src/views/tui/playback.ts";
import { reduce } from "../../../src/views/tui/reducer.ts";
import { rowsOf } from "../../../src/views/tui/rows.ts";
import { type State, startState } from "../../../src/views/tui/state.ts";
import { componentCount, componentInWords } from "../../../src/views/tui/view/component-lines.ts";
import { cpuMs } from "../../world/cpu-time.ts";
import { calmly, open, press, SIZE, type, wait } from "./keystrokes.ts";
import {
  BUSY_PLAN,
  COMPONENTS,
  components,
  NOW,
  planOf,
  READY_PLAN,
  rotation,
  runOf,
  step,
} from "./sample.ts";

const busy = () => press(open({ mode: "approve", plan: BUSY_PLAN, components: COMPONENTS }), "return");
const selected = (state: State) => {
  const row = rowsOf(state.plan, state).find(({ id }) => id === state.selected);
  if (row === undefined) return "nothing";
  return row.kind === "step" ? row.step.id : row.kind === "rotation" ? row.rotation.name : row.cluster.name;
};

describe("moving in the review", () => {
  it("begins at what blocks", () =>
    expect(selected(busy())).toBe("db-2026-11/db_client/init-update_clients"));

  it.each<[string, readonly string[], string]>([
    ["down", ["home", "down"], "host-2026-11"],
    ["j and k", ["home", "j", "j", "k"], "host-2026-11"],
    ["not above the top", ["home", "up", "up"], "acme.cluster"],
    ["to the end, and not beyond", ["end", "down"], "db-2026-11/db_client/init-update_clients"],
    ["left goes to the parent", ["left"], "db-2026-11"],
    ["left again folds it, then goes to its parent", ["left", "left", "left"], "acme.cluster"],
  ])("%s", (_, keys, row) => expect(selected(press(busy(), ...keys))).toBe(row));

  it("folds and unfolds", () => {
    const rows = (state: State) => rowsOf(state.plan, state).length;
    const all = rows(busy());
    expect(rows(press(busy(), "home", "left"))).toBeLessThan(all);
    expect(rows(press(busy(), "home", "left", "right"))).toBe(all);
    expect(rows(press(busy(), "home", "return"))).toBeLessThan(all);
    expect(rows(press(busy(), "home", "return", "return"))).toBe(all);
  });

  it("shows only what is blocked, and all again", () => {
    const only = press(busy(), "b");
    expect(rowsOf(only.plan, only).map(({ kind }) => kind)).toEqual(["cluster", "rotation", "step"]);
    expect(rowsOf(BUSY_PLAN, press(only, "b"))).toHaveLength(8);
    const none = press(open({ mode: "approve", plan: READY_PLAN }), "b");
    expect(rowsOf(none.plan, none)).toEqual([]);
    expect(press(none, "down", "left", "right", "return", "a", "1", "2", "3", "4").approved.size).toBe(0);
  });

  it("switches views, and scrolls them no further than they go", () => {
    expect(press(busy(), "2").view).toBe("diff");
    expect(press(busy(), "tab", "down", "down").at).toBe(2);
    const end = press(busy(), "tab", "end");
    expect(end.at).toBeGreaterThan(0);
    expect(press(end, "down", "pagedown").at).toBe(end.at);
    expect(press(end, "3").at).toBe(0);
    expect(press(busy(), " ").at).toBeGreaterThan(0);
  });

  it("searches among components", () => {
    const found = type(press(busy(), "/"), "web-11");
    expect(found).toMatchObject({ view: "components", searching: true, query: "web-11" });
    expect(componentCount(found)).toEqual({ all: 126, found: 11 });
    expect(componentCount(press(found, "9")).found).toBe(1);
    expect(press(found, "return", "down", "down")).toMatchObject({ searching: false, at: 2 });
    expect(press(found, "return", "end").at).toBe(10);
    expect(press(found, "escape")).toMatchObject({ searching: false, query: "" });
    expect(press(found, "backspace").query).toBe("web-1");
  });

  it("lists what a guard has against a component first, and what no listing has", () => {
    const west = press(busy(), "escape", "down", "return", "b", "4");
    expect(componentCount(west)).toEqual({ all: 42, found: 3 });
  });

  it("lists a machine that is gone and waived, though it blocks nothing", () => {
    const waived = {
      subject: "node/node2",
      message: "was there when the rotation began and is not in the listing now",
      remedy: "start it",
      reason: "scrapped",
      expires: "2026-12-01T00:00:00Z",
    };
    const guard = { id: "roster", outcome: "pass", findings: [], waived: [waived] } as const;
    const one = step("host-2026-11", "host", { from: "init", to: "update_clients" }, { guards: [guard] });
    const plan = planOf([{ name: "acme.cluster", rotations: [rotation("host-2026-11", { steps: [one] })] }]);
    const shown = press(open({ mode: "approve", plan, components: new Map() }), "4");
    expect(componentCount(shown)).toEqual({ all: 1, found: 1 });
    const words = componentInWords(shown, 100).map((row) => row.map(({ text }) => text).join(""));
    expect(words).toContain("node/node2");
    expect(words).toContain("waived until 1 December 2026, 00:00 UTC");
    expect(componentCount(press(shown, "b")).found).toBe(0);
  });

  it("shows help, and any key closes it", () => {
    expect(press(busy(), "?").dialog?.kind).toBe("help");
    expect(press(busy(), "?", "x").dialog).toBeNull();
  });

  it("leaves with q and Ctrl-C, whatever is open", () => {
    expect(press(busy(), "q").status).toBe("left");
    for (const key of ["?", "/", "a", "2"]) expect(press(busy(), key, "ctrl-c").status).toBe("left");
  });
});

describe("watching", () => {
  const events = runOf(READY_PLAN);
  const watching = (count: number) =>
    events
      .slice(0, count)
      .reduce<State>(
        (state, event) => reduce(state, { type: "event", event }),
        open({ mode: "watch", plan: READY_PLAN }),
      );

  it("asks for a rollback by r, then y", () => {
    expect(calmly(watching(6), "r", "y").asked).toEqual({
      rollbacks: [{ cluster: "acme.cluster", rotation: "host-2026-11", authority: "host" }],
      stop: false,
    });
    expect(wait(press(watching(6), "r", "y"), 20).asked.rollbacks).toEqual([]);
    expect(calmly(watching(6), "r", "return").asked.rollbacks).toEqual([]);
    expect(calmly(watching(6), "y").asked.rollbacks).toEqual([]);
  });

  it("asks once", () => {
    expect(calmly(watching(6), "r", "y", "r").dialog).toMatchObject({ kind: "refused" });
  });

  it("says why there is no way back", () => {
    expect(calmly(watching(events.length), "r").dialog).toMatchObject({
      kind: "refused",
      reasons: ["the run is over"],
    });
  });

  it("a question that the run has overtaken does nothing", () => {
    const asked = press(watching(6), "r");
    const over = events
      .slice(6)
      .reduce<State>((state, event) => reduce(state, { type: "event", event }), asked);
    expect(calmly(over, "y").asked.rollbacks).toEqual([]);
  });

  it("stops at a safe point by q and Ctrl-C, and stays until the run has ended", () => {
    for (const key of ["q", "ctrl-c"]) {
      expect(press(watching(6), key)).toMatchObject({
        asked: { rollbacks: [], stop: true },
        status: "open",
      });
    }
    expect(calmly(press(watching(6), "q"), "r").asked.rollbacks).toEqual([]);
  });

  it("moves among who has not followed, and searches them", () => {
    const late = press(watching(6), "down", "down");
    expect(late.at).toBe(2);
    expect(press(type(press(watching(6), "/"), "web-60"), "return", "end").at).toBe(0);
  });

  it("goes to other rotations and comes back", () => {
    const state = press(open({ mode: "watch", plan: BUSY_PLAN }), "return");
    expect(press(state, "right", "right").track).toBe(2);
    expect(press(state, "right", "left", "left").track).toBe(0);
    expect(press(state, "right", "f").track).toBeNull();
    expect(press(state, "end", "right", "right", "right", "right", "right", "right").track).toBe(2);
  });

  it("does not count seconds when nobody sees them pass", () => {
    const state = watching(6);
    expect(reduce(state, { type: "tick", now: state.now + 999 })).toBe(state);
    expect(reduce(state, { type: "tick", now: state.now + 1_000 })).not.toBe(state);
  });
});

describe("replaying", () => {
  const events = runOf(READY_PLAN);
  const replaying = (list: readonly RunEvent[] = events): State => ({
    ...startState({ mode: "replay", plan: NO_PLAN, size: SIZE, now: NOW }),
    replay: startReplay(list, 10),
  });

  it("plays to the end by itself, and cuts long pauses short", () => {
    const state = wait(replaying(), 200);
    expect(state.replay?.played).toBe(events.length);
    expect(state.run.ending?.outcome).toBe("applied");
    expect(state.plan).toBe(READY_PLAN);
  });

  it("pauses and goes on", () => {
    const paused = press(wait(replaying(), 5), " ");
    expect(wait(paused, 50).replay?.played).toBe(paused.replay?.played);
    expect(wait(press(paused, " "), 50).replay?.played).toBeGreaterThan(paused.replay?.played ?? 0);
  });

  it("goes one event on and back, to the same state", () => {
    const there = press(replaying(), ".", ".", ".", ".", ".");
    const back = press(there, ".", ",");
    expect(back.replay?.played).toBe(5);
    expect(back.run).toEqual(there.run);
    expect(press(replaying(), ",").replay?.played).toBe(0);
  });

  it("changes its speed within bounds", () => {
    expect(press(replaying(), "+").replay?.speed).toBe(20);
    expect(press(replaying(), "-", "-", "-", "-", "-", "-").replay?.speed).toBe(1);
  });

  it("shows nothing of an empty recording, and leaves by q", () => {
    expect(wait(replaying([]), 5).run.tracks).toEqual([]);
    expect(press(replaying(), "r", "q").status).toBe("left");
  });
});

describe("keys as terminals send them", () => {
  it.each([
    ["a letter", "y", {}, ["y"]],
    ["a paste is as many keys", "ay", {}, ["a", "y"]],
    ["a paste with line ends", "a\ny\r", {}, ["a", "return", "y", "return"]],
    ["Alt-y is no y", "y", { meta: true }, ["meta-y"]],
    ["Ctrl-C", "c", { ctrl: true }, ["ctrl-c"]],
    ["an arrow", "", { upArrow: true }, ["up"]],
    ["the backspace key of most terminals", "", { delete: true }, ["backspace"]],
    ["Enter", "\r", { return: true }, ["return"]],
    ["a key that goes up again", "y", { eventType: "release" as const }, []],
    ["a letter with its marks is one", "é", {}, ["é"]],
  ])("%s", (_, input, key, names) => {
    expect(keyPresses(input, key).map(({ name }) => name)).toEqual(names);
  });

  it("takes control characters for no text", () => {
    expect(keyPresses("\u0000", {})).toEqual([{ name: "\u0000", printable: false }]);
  });
});

describe("100,000 components", () => {
  it("are listed, searched and walked without delay", () => {
    const many = new Map([["acme.cluster", components(100_000)]]);
    let state = press(open({ mode: "approve", plan: READY_PLAN, components: many }), "4", "tab");
    const started = cpuMs();
    for (let times = 0; times < 200; times += 1) state = press(state, "down");
    state = press(type(press(state, "/"), "web-9999"), "return", "end");
    expect(componentCount(state)).toEqual({ all: 100_000, found: 11 });
    expect(cpuMs() - started).toBeLessThan(3_000);
  });
});
