import { EMPTY, type Line, line, span, wrapped } from "../spans.ts";
import type { State } from "../state.ts";
import { LEGEND } from "./detail-lines.ts";

/** The keys of this mode, and the signs of the tree. */
export function helpLines(state: State, width: number): Line[] {
  const { mode } = state;
  const own: readonly (readonly [string, string])[] =
    mode === "watch" || mode === "replay" ? WATCH_KEYS[mode] : REVIEW_KEYS[mode];
  const keys = state.list === null ? own : [...LIST_KEYS, ...own];
  const shown = keys.flatMap(([name, what]) =>
    wrapped(what, width, { lead: line(span(name.padEnd(11), "strong")) }),
  );
  if (mode !== "approve" && mode !== "read") return shown;
  return [...shown, EMPTY, ...LEGEND];
}

const LIST_KEYS = [
  ["Enter  Esc", "open the cluster, and back to the list of clusters"],
  ["b  /", "in the list: only clusters that need somebody; search by name or wave"],
] as const;

const MOVE_KEYS = [
  ["↑ ↓  j k", "move, or scroll the right-hand side"],
  ["← →", "fold and unfold"],
  ["Tab", "other side; space and Page Down scroll the right-hand one"],
  ["1 2 3 4", "the step, the YAML diff, keys and certificates, components"],
  ["b", "only what is blocked"],
  ["/", "search among components"],
  ["c", "copy the command or the id of what is selected"],
  ["l", "look at the clusters again"],
  ["o", "the file and the line of git that say it"],
] as const;

const REVIEW_KEYS = {
  read: [...MOVE_KEYS, ["q  Ctrl-C", "leave"]],
  approve: [
    ...MOVE_KEYS,
    [
      "a",
      "ask for the selected step or override, or for all ordinary steps of a row; then y, when it is offered, and alone",
    ],
    ["w", "withdraw an approval"],
    ["s", "start what is approved; nothing else is ever started"],
    ["q  Ctrl-C", "leave; nothing is approved then"],
  ],
} as const;

const WATCH_KEYS = {
  watch: [
    ["r", "roll back, while that is possible; then y"],
    ["q  Ctrl-C", "stop at a safe point; capstan apply goes on from there"],
    ["↑ ↓  j k", "move in the list of who has not followed"],
    ["/", "search in it"],
    ["← →", "other rotations of the run; f follows the one that moves"],
    ["c", "copy the name of who is selected"],
  ],
  replay: [
    ["space", "pause and go on"],
    [". ,", "one event on, one back"],
    ["+ -", "faster, slower"],
    ["↑ ↓  j k", "move in the list of who has not followed"],
    ["/", "search in it"],
    ["← →", "other rotations of the run"],
    ["c", "copy the name of who is selected"],
    ["q  Ctrl-C", "leave"],
  ],
} as const;
