import { EventEmitter } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { cleanup, render } from "ink-testing-library";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RunEvent } from "../../../src/apply/event.ts";
import type { LiveComponent } from "../../../src/rotation/observation.ts";
import { App } from "../../../src/views/tui/app.tsx";
import { review, reviewAndApprove, watch, watchReplay } from "../../../src/views/tui/on-screen.tsx";
import { startState } from "../../../src/views/tui/state.ts";
import { createStore } from "../../../src/views/tui/state-store.ts";
import { SIZE } from "./keystrokes.ts";
import {
  BUSY_PLAN,
  COMPONENTS,
  components,
  DIFF,
  FINAL_PLAN,
  laggards,
  NOW,
  READY_PLAN,
  runOf,
} from "./sample.ts";

afterEach(cleanup);

describe("keys, through Ink", () => {
  async function opened(plan = READY_PLAN) {
    const start = startState({
      mode: "approve",
      plan,
      diff: DIFF,
      components: COMPONENTS,
      size: SIZE,
      now: NOW,
    });
    const store = createStore(start, () => NOW);
    const screen = render(<App store={store} colours={false} screenReader={false} />);
    await delay(150);
    const frame = () => stripVTControlCharacters(screen.lastFrame() ?? "");
    const keys = async (...all: readonly string[]) => {
      for (const one of all) {
        screen.stdin.write(one);
        await delay(150);
      }
    };
    return { store, frame, keys, screen };
  }

  it("moves, folds, searches and shows help", async () => {
    const { frame, keys, store } = await opened(BUSY_PLAN);
    await keys("\r");
    expect(frame()).toContain("✗ overrides blocks");
    await keys("\u001b[A", "\u001b[D", "\u001b[D");
    expect(frame()).toContain("▸ db-2026-11");
    await keys("2", " ");
    expect(frame()).toContain("+  phase: standby");
    await keys("/", "web-119");
    expect(frame()).toContain("/web-119");
    expect(frame()).toContain("1 component of 126");
    await keys("\r", "?");
    expect(frame()).toContain("╭─ Help");
    store.close();
  });

  it("approves by a, then y", async () => {
    const { frame, keys, store } = await opened();
    const shows = (text: string) => vi.waitFor(() => expect(frame()).toContain(text), 600_000);
    await keys("a");
    await shows("Approve this step?");
    // It is offered when it can be read; a key before that closes the question.
    await shows(" y  approves");
    await keys("y");
    await shows("approved; s starts");
    expect(store.current.approved.size).toBe(1);
    store.close();
  });

  it("approves nothing when a thousand keys arrive as fast as they can", async () => {
    const { keys, screen, store } = await opened();
    const letters = ["\r", " ", "a", "y", "s", "\t", "\u001b[B", "w", "x"];
    for (let times = 0; times < 1_000; times += 1) {
      screen.stdin.write(letters[(times * 7 + Math.floor(times / 9)) % letters.length] ?? "a");
      if (times % 20 === 0) await delay(1);
    }
    await keys("ay", "ay", "a\ry\r");
    await delay(700);
    expect(store.current.approved.size).toBe(0);
    expect(store.current.status).toBe("open");
    store.close();
  });
});

/** A terminal that writes down what it is told. */
class Terminal extends Writable {
  readonly isTTY = true;
  readonly columns = 80;
  readonly rows = 24;
  setRawMode() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(String(chunk));
    done();
  }
  readonly chunks: string[] = [];
  get text() {
    return this.chunks.join("");
  }
}

class Keyboard extends PassThrough {
  readonly isTTY = true;
  setRawMode() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  async press(...keys: readonly string[]) {
    for (const key of keys) {
      // Turns of the event loop rather than time: where the machine stalls, the screen's clock stalls as well.
      for (let turn = 0; turn < 12; turn += 1) await delay(60);
      this.write(key);
    }
  }
}

function terminal() {
  const stdin = new Keyboard();
  const stdout = new Terminal();
  return {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    keyboard: stdin,
    screen: stdout,
  };
}

const LEAVES = "\u001b[?1049l";

describe("review and approval", () => {
  it("gives back what was approved, and the terminal", async () => {
    const { stdin, stdout, keyboard, screen } = terminal();
    const asked = reviewAndApprove({
      plan: READY_PLAN,
      diff: DIFF,
      stdin,
      stdout,
      recheck: async () => ({ plan: structuredClone(READY_PLAN) }),
    });
    await keyboard.press("a", "y", "s", "y");
    expect(await asked).toEqual({
      ordinary: new Set(["acme.cluster/host-2026-11/host/init-update_clients"]),
      final: new Map(),
    });
    expect(screen.text).toContain(LEAVES);
  });

  it("asks again when the clusters moved, and gives back the new plan's step", async () => {
    const { stdin, stdout, keyboard, screen } = terminal();
    const asked = reviewAndApprove({
      plan: READY_PLAN,
      diff: null,
      stdin,
      stdout,
      recheck: async () => ({ plan: structuredClone(FINAL_PLAN) }),
    });
    await keyboard.press("a", "y", "s", "y", "x", "a", ..."acme.cluster", "\r", "s", "y");
    expect(await asked).toEqual({
      ordinary: new Set(),
      final: new Map([["acme.cluster/host-2026-11/host/update_servers-standby", []]]),
    });
    expect(stripVTControlCharacters(screen.text)).toContain("The clusters moved while this was being read");
  });

  it("is null when the person leaves, and when the run is called off", async () => {
    const first = terminal();
    const left = reviewAndApprove({
      ...first,
      plan: READY_PLAN,
      diff: null,
      recheck: async () => ({ plan: READY_PLAN }),
    });
    await first.keyboard.press("a", "y", "q");
    expect(await left).toBeNull();

    const second = terminal();
    const controller = new AbortController();
    const called = reviewAndApprove({
      ...second,
      plan: READY_PLAN,
      diff: null,
      recheck: async () => ({ plan: READY_PLAN }),
      signal: controller.signal,
    });
    await delay(100);
    controller.abort();
    expect(await called).toBeNull();
    expect(
      await reviewAndApprove({
        ...terminal(),
        plan: READY_PLAN,
        diff: null,
        recheck: async () => ({ plan: READY_PLAN }),
        signal: controller.signal,
      }),
    ).toBeNull();
  });

  it("stays when looking again fails", async () => {
    const { stdin, stdout, keyboard, screen } = terminal();
    let calls = 0;
    const recheck = async () => {
      calls += 1;
      if (calls === 1) throw new Error("tctl was not found");
      return { plan: READY_PLAN };
    };
    const asked = reviewAndApprove({ plan: READY_PLAN, diff: null, stdin, stdout, recheck });
    await keyboard.press("a", "y", "s", "y", "x", "s", "y");
    expect((await asked)?.ordinary.size).toBe(1);
    expect(stripVTControlCharacters(screen.text)).toContain("tctl was not found");
  });

  it("can be only a look", async () => {
    const { keyboard, ...rest } = terminal();
    const looked = review({ ...rest, plan: READY_PLAN, diff: DIFF });
    await keyboard.press("a", "y", "q");
    await looked;
    expect(stripVTControlCharacters(rest.screen.text)).toContain("capstan apply asks for approval");
  });

  it("uses no colour where none is wanted", async () => {
    const { keyboard, ...rest } = terminal();
    const looked = review({ ...rest, plan: BUSY_PLAN, diff: DIFF, colours: false });
    await keyboard.press("q");
    await looked;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect(rest.screen.text).not.toMatch(/\u001b\[(3[0-7]|4[0-7]|9[0-7]|38|48)[;m]/);
  });
});

describe("watching", () => {
  const unused = { onRollback: () => {}, onStop: () => {} };

  async function* stream(events: readonly RunEvent[]): AsyncGenerator<RunEvent> {
    yield* events;
  }

  it("ends with the events, and leaves a summary behind the screen", async () => {
    const { stdin, stdout, screen } = terminal();
    await watch({
      plan: READY_PLAN,
      events: stream(runOf(READY_PLAN)),
      stdin,
      stdout,
      colours: false,
      now: () => NOW,
      ...unused,
    });
    const summary = screen.text.slice(screen.text.lastIndexOf(LEAVES));
    expect(summary).toContain("✔ host: init → update_clients  done, 02:04");
    expect(summary).toContain("applied: everything that was planned is done");
  });

  it("hands on the wish to stop and to roll back", async () => {
    const { stdin, stdout, keyboard } = terminal();
    const wishes: unknown[] = [];
    const bus = new EventEmitter();
    async function* events(): AsyncGenerator<RunEvent> {
      yield* runOf(READY_PLAN).slice(0, 5);
      await new Promise((resolve) => bus.once("over", resolve));
    }
    const watched = watch({
      plan: READY_PLAN,
      events: events(),
      stdin,
      stdout,
      onRollback: (target) => wishes.push(target),
      onStop: () => wishes.push("stop"),
    });
    await keyboard.press("r", "y", "q", "q", "\u0003");
    await delay(200);
    bus.emit("over");
    await watched;
    expect(wishes).toEqual([
      { cluster: "acme.cluster", rotation: "host-2026-11", authority: "host" },
      "stop",
    ]);
  });

  it("gives the terminal back when the events break, and says so", async () => {
    const { stdin, stdout, screen } = terminal();
    async function* broken(): AsyncGenerator<RunEvent> {
      yield* runOf(READY_PLAN).slice(0, 2);
      throw new Error("the run broke");
    }
    await expect(watch({ plan: READY_PLAN, events: broken(), stdin, stdout, ...unused })).rejects.toThrow(
      "the run broke",
    );
    expect(screen.text).toContain(LEAVES);
  });

  it("draws at most ten frames a second, and keeps up with 100,000 components", async () => {
    const { stdin, stdout, screen } = terminal();
    const since = new Date(NOW).toISOString();
    async function* flood(): AsyncGenerator<RunEvent> {
      yield* runOf(READY_PLAN).slice(0, 4);
      for (let part = 0; part < 2_000; part += 1) {
        const progress = [{ kind: "node" as const, ready: part * 50, total: 100_000 }];
        const late = part % 500 === 0 ? laggards(progress, "init", "update_clients", since) : [];
        yield {
          at: since,
          type: "waiting",
          cluster: "acme.cluster",
          authority: "host",
          phase: "update_clients",
          deadline: since,
          progress,
          laggards: late,
        };
        if (part % 2 === 0) await delay(1);
      }
    }
    const started = performance.now();
    await watch({ plan: READY_PLAN, events: flood(), stdin, stdout, ...unused });
    const seconds = (performance.now() - started) / 1_000;
    const frames = screen.chunks.filter((chunk) =>
      stripVTControlCharacters(chunk).includes("100,000"),
    ).length;
    expect(frames).toBeGreaterThan(2);
    // One more for the frame at the beginning, one for that at the end.
    expect(frames).toBeLessThanOrEqual(Math.ceil(seconds * 10) + 2);
  });

  it("replays a finished run", async () => {
    const { stdin, stdout, keyboard, screen } = terminal();
    const played = watchReplay({ events: runOf(READY_PLAN), speed: 200, stdin, stdout, colours: false });
    await keyboard.press("x", "x", "q");
    await played;
    expect(screen.text.slice(screen.text.lastIndexOf(LEAVES))).toContain(
      "applied: everything that was planned is done",
    );
  });

  it("speaks to screen readers without taking over the screen", async () => {
    const { stdin, stdout, screen } = terminal();
    await watch({
      plan: READY_PLAN,
      events: stream(runOf(READY_PLAN)),
      stdin,
      stdout,
      screenReader: true,
      ...unused,
    });
    expect(screen.text).not.toContain("\u001b[?1049h");
    expect(stripVTControlCharacters(screen.text)).toContain("host is in update_clients");
  });
});

describe("100,000 components", () => {
  it("are reviewed without delay", async () => {
    const { stdin, stdout, keyboard, screen } = terminal();
    const many: ReadonlyMap<string, readonly LiveComponent[]> = new Map([
      ["acme.cluster", components(100_000)],
    ]);
    const looked = review({ plan: READY_PLAN, diff: null, components: many, stdin, stdout });
    await keyboard.press("4", "\t");
    await delay(300);
    const before = screen.chunks.length;
    const started = performance.now();
    for (let times = 0; times < 50; times += 1) keyboard.write("j");
    while (screen.chunks.length === before) await delay(5);
    expect(performance.now() - started).toBeLessThan(500);
    await keyboard.press("q");
    await looked;
  });
});
