import { renderToString } from "ink";
import { stepPlaces } from "../src/rotation/plan-steps.ts";
import { placeKey } from "../src/views/tui/places.ts";
import { type Action, reduce } from "../src/views/tui/reducer.ts";
import { type State, startState } from "../src/views/tui/state.ts";
import { FullScreen } from "../src/views/tui/view/full-screen.tsx";
import { BUSY_PLAN, COMPONENTS, DIFF, NOW, runOf } from "../test/views/tui/sample.ts";
import { svgOf } from "./svg.ts";

/** What the pictures of the README show: the real components, drawn by Ink. */
export const PICTURES: Readonly<Record<string, () => State>> = {
  "review.svg": reviewing,
  "watch.svg": watching,
};

export function picture(state: State): string {
  const { columns } = state.size;
  return svgOf(renderToString(<FullScreen state={state} />, { columns }), columns);
}

const SIZE = { columns: 110, rows: 30 };

/** Of the clusters in the list, the first one. */
const OPEN: Action = { type: "key", key: { name: "return", printable: false } };

function reviewing(): State {
  const start = startState({
    mode: "approve",
    plan: BUSY_PLAN,
    diff: DIFF,
    components: COMPONENTS,
    size: { ...SIZE, rows: 38 },
    now: NOW,
  });
  const [first] = stepPlaces(BUSY_PLAN);
  const approved = new Set(first === undefined ? [] : [placeKey(first)]);
  return reduce({ ...start, approved }, OPEN);
}

function watching(): State {
  const events = runOf(BUSY_PLAN).slice(0, 19);
  const start = startState({ mode: "watch", plan: BUSY_PLAN, size: { ...SIZE, rows: 28 }, now: NOW });
  const state = events.reduce<State>((one, event) => reduce(one, { type: "event", event }), start);
  const later = reduce(state, { type: "tick", now: Date.parse(events.at(-1)?.at ?? "") + 7_000 });
  return reduce(later, OPEN);
}
