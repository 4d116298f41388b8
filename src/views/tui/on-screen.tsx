import { render } from "ink";
import type { Approval } from "../../apply/approval.ts";
import type { RunEvent } from "../../apply/event.ts";
import { Failure } from "../../failure.ts";
import type { Plan } from "../../rotation/plan.ts";
import { App, sizeOf } from "./app.tsx";
import { clipboardSequence } from "./clipboard.ts";
import { approvedOnScreen } from "./offer.ts";
import { NO_PLAN, startReplay } from "./playback.ts";
import { scrollbackText } from "./scrollback.ts";
import {
  type ComponentLists,
  type GitDiff,
  type NewLook,
  type RollbackTarget,
  type State,
  startState,
} from "./state.ts";
import { createStore, type Store } from "./state-store.ts";
import { summaryLines } from "./summary.ts";

/** The terminal, and how to draw on it. */
interface ScreenOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Off with NO_COLOR and --no-color. */
  readonly colours?: boolean;
  /** `--screen-reader`: sentences in reading order. */
  readonly screenReader?: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What is reviewed, and where. */
export interface ReviewOptions extends ScreenOptions {
  readonly plan: Plan;
  /** The commit that asks for it; `null` where git knows none. */
  readonly diff: GitDiff | null;
  /** What was observed of each cluster, for the list and its search. */
  readonly components?: ComponentLists;
  /** Closes the screen: SIGTERM, a lost lock. */
  readonly signal?: AbortSignal;
}

/** Shows a plan; `look` looks at the clusters again and plans anew, where that is possible. */
export async function review(
  options: ReviewOptions & { readonly look?: () => Promise<NewLook> },
): Promise<void> {
  await showReview(options, "read", options.look ?? null);
}

/**
 * Shows a plan and asks. `null` when the person left without starting anything. `recheck` looks at the clusters
 * again and plans anew; it is asked after the last yes, and when its plan is another one, that is shown instead.
 */
export async function reviewAndApprove(
  options: ReviewOptions & { readonly recheck: () => Promise<NewLook> },
): Promise<Approval | null> {
  const state = await showReview(options, "approve", options.recheck);
  return state.status === "agreed" ? approvedOnScreen(state) : null;
}

async function showReview(
  options: ReviewOptions,
  mode: "read" | "approve",
  recheck: (() => Promise<NewLook>) | null,
): Promise<State> {
  const { plan, diff, components, stdout, signal } = options;
  const now = options.now ?? Date.now;
  const start = startState({
    mode,
    plan,
    diff,
    ...(components && { components }),
    size: sizeOf(stdout),
    now: now(),
    canLook: recheck !== null,
  });
  const store = createStore(start, now);
  const over = new Promise<void>((resolve) => {
    store.onChange(({ status }, before) => {
      if (status === before.status) return;
      const looks = status === "rechecking" || status === "looking";
      if (looks && recheck !== null) void lookAgain(store, recheck);
      if (status === "agreed" || status === "left") resolve();
    });
    const leave = () => store.dispatch({ type: "key", key: { name: "ctrl-c", printable: false } });
    signal?.addEventListener("abort", leave, { once: true });
    if (signal?.aborted === true) leave();
  });
  await onScreen(store, options, over);
  return store.current;
}

async function lookAgain(store: Store, recheck: () => Promise<NewLook>): Promise<void> {
  try {
    store.dispatch({ type: "rechecked", ...(await recheck()) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    store.dispatch({ type: "recheck-failed", message, hint: error instanceof Failure ? error.hint : null });
  }
}

/** The run that is watched, and what a person may ask of it. */
export interface WatchOptions extends ScreenOptions {
  readonly plan: Plan;
  /** What `--events` writes; the screen closes when it ends. */
  readonly events: AsyncIterable<RunEvent>;
  /** The person wants the rotation rolled back, and has confirmed it. */
  readonly onRollback: (target: RollbackTarget) => void;
  /** The person wants the run to stop where it is safe. */
  readonly onStop: () => void;
}

/** Shows a run until its events end, and leaves a summary behind. */
export async function watch(options: WatchOptions): Promise<void> {
  const { plan, events, stdout, onRollback, onStop } = options;
  const now = options.now ?? Date.now;
  const store = createStore(startState({ mode: "watch", plan, size: sizeOf(stdout), now: now() }), now);
  store.onChange(({ asked }, before) => {
    for (const target of asked.rollbacks.slice(before.asked.rollbacks.length)) onRollback(target);
    if (asked.stop && !before.asked.stop) onStop();
  });
  await onScreen(store, options, hearAll(store, events));
  summarise(store.current, options, now());
}

async function hearAll(store: Store, events: AsyncIterable<RunEvent>): Promise<void> {
  for await (const event of events) store.dispatch({ type: "event", event });
}

/** The run that is played again. */
export interface WatchReplayOptions extends ScreenOptions {
  /** Of a finished run, in order. */
  readonly events: readonly RunEvent[];
  /** How many seconds of the run pass in one. Long pauses are cut short in any case. */
  readonly speed?: number;
  readonly signal?: AbortSignal;
}

const USUAL_SPEED = 10;

/** Plays a finished run again, from the events that it wrote. */
export async function watchReplay(options: WatchReplayOptions): Promise<void> {
  const { events, speed = USUAL_SPEED, stdout, signal } = options;
  const play = startReplay(events, speed);
  const start = startState({ mode: "replay", plan: NO_PLAN, size: sizeOf(stdout), now: play.clock });
  const store = createStore({ ...start, replay: play }, () => play.clock);
  const over = new Promise<void>((resolve) => {
    store.onChange(({ status }) => {
      if (status === "left") resolve();
    });
    signal?.addEventListener("abort", () => resolve(), { once: true });
    if (signal?.aborted === true) resolve();
  });
  await onScreen(store, options, over);
  summarise(store.current, options, store.current.now);
}

function summarise({ run }: State, { stdout, colours = true }: ScreenOptions, now: number): void {
  stdout.write(scrollbackText(summaryLines(run, now, sizeOf(stdout).columns), colours));
}

/** Keeps the screen up until `over` settles, and gives the terminal back whatever happens. */
async function onScreen(
  store: Store,
  { stdin, stdout, colours = true, screenReader = false }: ScreenOptions,
  over: Promise<void>,
): Promise<void> {
  // Text that was typed ahead stands on this row; the first frame has to begin at its first column.
  stdout.write("\r");
  store.onChange(({ copied }, before) => {
    if (copied !== null && copied.times !== before.copied?.times)
      stdout.write(clipboardSequence(copied.text));
  });
  const instance = render(<App store={store} colours={colours} screenReader={screenReader} />, {
    stdin,
    stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
    incrementalRendering: true,
    alternateScreen: !screenReader,
    isScreenReaderEnabled: screenReader,
  });
  try {
    // Ink ends by itself only when drawing broke; that is a bug, and has to come out.
    await Promise.race([over, instance.waitUntilExit()]);
  } finally {
    store.close();
    await instance.waitUntilRenderFlush();
    // What was said stays; keys that do nothing any more do not.
    if (screenReader) instance.clear();
    instance.unmount();
    await instance.waitUntilExit();
  }
}
