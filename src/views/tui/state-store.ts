import { TICK_MS } from "./gate.ts";
import { type Action, reduce } from "./reducer.ts";
import type { State } from "./state.ts";

/** At most ten frames a second: a burst of events costs one. */
const FRAME_MS = 100;

export interface Store {
  /** The newest state. */
  readonly current: State;
  /** The state to draw, which follows at the pace of frames. */
  readonly drawn: State;
  dispatch(action: Action): void;
  /** Called when `drawn` has changed. */
  onFrame(listener: () => void): () => void;
  /** Called after every change, at once. */
  onChange(listener: (state: State, before: State) => void): () => void;
  /** Draws what is still to be drawn, and stops the clock. */
  close(): void;
}

/** Holds the state outside of React, so that 100,000 events are not 100,000 renderings. */
export function createStore(initial: State, now: () => number): Store {
  let current = initial;
  let drawn = initial;
  let pending: NodeJS.Timeout | null = null;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const frames = new Set<() => void>();
  const changes = new Set<(state: State, before: State) => void>();
  const ticker = setInterval(() => store.dispatch({ type: "tick", now: now() }), TICK_MS);

  const draw = () => {
    pending = null;
    drawnAt = performance.now();
    drawn = current;
    for (const listener of frames) listener();
  };

  const store: Store = {
    get current() {
      return current;
    },
    get drawn() {
      return drawn;
    },
    dispatch: (action) => {
      const before = current;
      current = reduce(before, action);
      if (current === before) return;
      pending ??= setTimeout(draw, Math.max(0, drawnAt + FRAME_MS - performance.now()));
      for (const listener of changes) listener(current, before);
    },
    onFrame: (listener) => {
      frames.add(listener);
      return () => frames.delete(listener);
    },
    onChange: (listener) => {
      changes.add(listener);
      return () => changes.delete(listener);
    },
    close: () => {
      clearInterval(ticker);
      if (pending === null) return;
      clearTimeout(pending);
      draw();
    },
  };
  return store;
}
