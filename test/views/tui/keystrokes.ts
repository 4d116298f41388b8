import { reduce } from "../../../src/views/tui/reducer.ts";
import { type Key, type State, startState } from "../../../src/views/tui/state.ts";
import { NOW } from "./sample.ts";

/** Drives the reducer the way the screen does: keys, frames and ticks. */

export const SIZE = { columns: 80, rows: 24 };

export function open(
  start: Omit<Parameters<typeof startState>[0], "size" | "now"> & { size?: State["size"] },
): State {
  return startState({ size: SIZE, now: NOW, ...start });
}

export function keyOf(name: string): Key {
  return { name, printable: [...name].length === 1 };
}

/** Keys as fast as they come: a frame may be drawn in between, no time passes. */
export function press(state: State, ...names: readonly string[]): State {
  return names.reduce((one, name) => drawn(reduce(one, { type: "key", key: keyOf(name) })), state);
}

export function drawn(state: State): State {
  return reduce(state, { type: "drawn" });
}

export function wait(state: State, ticks: number): State {
  let later = state;
  for (let tick = 0; tick < ticks; tick += 1) later = reduce(later, { type: "tick", now: later.now });
  return later;
}

/** A person: reads, then presses, then looks. */
export function calmly(state: State, ...names: readonly string[]): State {
  return names.reduce((one, name) => wait(press(wait(one, 10), name), 10), state);
}

export function type(state: State, text: string): State {
  return press(state, ...text);
}
