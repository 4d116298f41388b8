import { refusesRollback } from "../rollback.ts";
import { clipped, EMPTY, type Line, line, span, widthOf } from "../spans.ts";
import { isListing, isWatching, type State } from "../state.ts";
import { refusalHint } from "./dialog-lines.ts";
import { shownTracks } from "./watch-lines.ts";

type Hint = readonly [key: string, effect: string];

/** The last row: a sentence when there is something to say, else the keys, the most needed first. */
export function keysLine(state: State): Line {
  const width = state.size.columns - 2;
  if (state.notice !== null) return clipped(line(span(state.notice, "strong")), width);
  if (state.dialog !== null) return EMPTY;
  if (state.status === "rechecking" || state.status === "looking")
    return line(span("looking at the clusters once more …", "strong"));
  if (state.searching)
    return hints(
      [
        ["Enter", "keeps it"],
        ["Esc", "clears it"],
      ],
      width,
    );
  return hints(isWatching(state) ? watchHints(state) : reviewHints(state), width);
}

function reviewHints(state: State): readonly Hint[] {
  const moves: readonly Hint[] = isListing(state)
    ? listMoves(state)
    : [
        ...backToList(state),
        ["↑↓", "move"],
        ["Tab", "side"],
        ["1-4", "view"],
        ["/", "search"],
        ["b", state.blockedOnly ? "all" : "blocked"],
        ["c", "copy"],
        ...(state.canLook ? ([["l", "look again"]] as const) : []),
        ["o", "file"],
      ];
  const ends: readonly Hint[] = [
    ["?", "help"],
    ["q", "leave"],
  ];
  if (state.mode === "read") return [...ends, ...moves];
  const start: readonly Hint[] = state.approved.size > 0 ? [["s", "start"]] : [];
  const ask: readonly Hint[] = refusalHint(state) === null ? [["a", "approve"]] : [["a", "why not"]];
  return [...start, ...ask, ...ends, ...moves];
}

function listMoves({ blockedOnly, canLook, mode }: State): readonly Hint[] {
  return [
    ["↑↓", "move"],
    ["Enter", "open"],
    ["/", "search"],
    ["b", blockedOnly ? "all" : "only trouble"],
    ...(canLook && mode !== "watch" ? ([["l", "look again"]] as const) : []),
  ];
}

function backToList({ list }: State): readonly Hint[] {
  return list?.opened == null ? [] : [["Esc", "list"]];
}

function watchHints(state: State): readonly Hint[] {
  const many: readonly Hint[] = isListing(state)
    ? listMoves(state)
    : [...backToList(state), ...(shownTracks(state).length > 1 ? ([["←→", "rotation"]] as const) : [])];
  if (state.mode === "replay") {
    return [
      ["space", state.replay?.paused === true ? "go on" : "pause"],
      [". ,", "event"],
      ["+ -", "speed"],
      ["?", "help"],
      ["q", "leave"],
      ...many,
    ];
  }
  if (state.asked.stop) return [["", "stopping at the next safe point; capstan apply goes on from there"]];
  const back: readonly Hint[] = refusesRollback(state) === null ? [["r", "roll back"]] : [];
  if (isListing(state)) return [...back, ["q", "stop safely"], ["?", "help"], ...many];
  return [...back, ["q", "stop safely"], ["/", "search"], ["↑↓", "move"], ["?", "help"], ...many];
}

function hints(all: readonly Hint[], width: number): Line {
  let result: Line = EMPTY;
  for (const [key, effect] of all) {
    const next = [
      ...result,
      span(result.length === 0 ? "" : "   "),
      span(key, "strong"),
      span(key === "" ? effect : ` ${effect}`, "dim"),
    ];
    if (widthOf(next) > width) break;
    result = next;
  }
  return result;
}
