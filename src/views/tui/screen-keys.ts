import { copyable } from "./copyable.ts";
import { LONGEST_TYPED, onDialogKey, withoutLast } from "./dialog-keys.ts";
import { closeCluster, listKey, ontoRow } from "./list-keys.ts";
import { moveKey, watchMoveKey } from "./movement.ts";
import { offerOf, withdraw } from "./offer.ts";
import { overrideKey, placeKey } from "./places.ts";
import { playKey } from "./playback.ts";
import { askRollback } from "./rollback.ts";
import type { Row } from "./rows.ts";
import { FRESH, isListing, isTooSmall, isWatching, type Key, type State } from "./state.ts";
import { typedName } from "./typed-name.ts";
import { selectedRow } from "./view/detail-lines.ts";

/** What a key does, wherever the screen stands. */
export function onKey(state: State, key: Key): State {
  if (key.name === "ctrl-c") return leave(state);
  if (isTooSmall(state.size)) return key.name === "q" ? leave(state) : state;
  if (state.status !== "open") {
    const isLooking = state.status === "rechecking" || state.status === "looking";
    return key.name === "q" && isLooking ? leave(state) : state;
  }
  if (state.dialog !== null) return onDialogKey(state, state.dialog, key);
  const calm = state.notice === null ? state : { ...state, notice: null };
  if (calm.searching) return onSearchKey(calm, key);
  switch (key.name) {
    case "q":
      return leave(calm);
    case "?":
      return { ...calm, dialog: { kind: "help", top: 0 } };
    case "/":
      return isListing(calm)
        ? { ...calm, searching: true }
        : isWatching(calm)
          ? { ...calm, searching: true, at: 0 }
          : { ...calm, searching: true, view: "components", focus: "detail", at: 0 };
    case "c":
      return copy(calm);
    case "escape":
      if (calm.query === "" && calm.track === null && calm.list?.opened != null) return closeCluster(calm);
      return { ...calm, query: "", track: null, at: calm.query === "" ? calm.at : 0 };
  }
  if (isWatching(calm)) return onWatchKey(calm, key);
  return onReviewKey(calm, key);
}

/** `q` and Ctrl-C: out of a review at once; a run stops where it is safe, and its last event ends the screen. */
function leave(state: State): State {
  if (state.mode !== "watch") return { ...state, status: "left", approved: new Set(), dialog: null };
  return { ...state, dialog: null, searching: false, asked: { ...state.asked, stop: true } };
}

function onWatchKey(state: State, key: Key): State {
  const move = isListing(state) ? listKey : watchMoveKey;
  if (state.replay !== null) return playKey(state, state.replay, key) ?? move(state, key);
  return key.name === "r" ? askRollback(state) : move(state, key);
}

function onReviewKey(state: State, key: Key): State {
  const row = selectedRow(state);
  switch (key.name) {
    case "a":
      return state.mode === "read" || row === undefined
        ? onlyReading(state)
        : ask(state, offerOf(state, row));
    case "w": {
      if (row === undefined || state.approved.size === 0) return state;
      const approved = withdraw(state.plan, state.approved, row);
      if (approved.size === state.approved.size) return state;
      return { ...state, approved, notice: "no longer approved" };
    }
    case "s":
      if (state.mode === "read") return onlyReading(state);
      if (state.approved.size === 0) {
        return { ...state, notice: "nothing is approved: a asks for the selected step" };
      }
      return { ...state, dialog: { kind: "start", ...FRESH } };
    case "l":
      if (!state.canLook)
        return { ...state, notice: "there is nothing to look at again: this is a plan from a file" };
      return { ...state, status: "looking" };
    case "o":
      return { ...state, notice: placeInFiles(row) };
    default:
      return isListing(state) ? listKey(state, key) : moveKey(state, key);
  }
}

function copy(state: State): State {
  const text = copyable(state);
  if (text === null) return { ...state, notice: "there is nothing to copy here" };
  const times = (state.copied?.times ?? 0) + 1;
  return { ...state, copied: { text, times }, notice: `copied: ${text}` };
}

/** Where git says what is selected. */
function placeInFiles(row: Row | undefined): string {
  const source = row === undefined ? undefined : sourceOf(row);
  return source === undefined ? "no file of git says this" : `${source.file}:${source.line}`;
}

function sourceOf(row: Row) {
  switch (row.kind) {
    case "step":
    case "rotation":
      return row.rotation.source;
    case "override":
      return row.override.source;
    case "cluster":
    case "drift":
      return row.cluster.source;
  }
}

function onlyReading(state: State): State {
  return { ...state, notice: "this only shows the plan: capstan apply asks for approval" };
}

function ask(state: State, { overrides, ordinary, final, refusals }: ReturnType<typeof offerOf>): State {
  const entries = overrides.map(overrideKey);
  if (final !== null) {
    if (typedName(final) !== null) {
      return {
        ...state,
        dialog: { kind: "final", step: placeKey(final), overrides: entries, typed: "", ...FRESH },
      };
    }
    return refused(state, ["the name cannot be typed here: use --approve-final"]);
  }
  const approves = [...entries, ...ordinary.map(placeKey)];
  if (approves.length > 0) return { ...state, dialog: { kind: "approve", approves, ...FRESH } };
  if (refusals.length > 0) return refused(state, refusals);
  return { ...state, notice: "there is nothing left to approve here" };
}

function refused(state: State, reasons: readonly string[]): State {
  return { ...state, dialog: { kind: "refused", top: 0, title: "This cannot be approved", reasons } };
}

function onSearchKey(state: State, key: Key): State {
  const sought = typedInto(state, key);
  return isListing(sought) ? ontoRow(sought) : sought;
}

function typedInto(state: State, key: Key): State {
  if (key.name === "return" || key.name === "down") return { ...state, searching: false };
  if (key.name === "escape") return { ...state, searching: false, query: "", at: 0 };
  if (key.name === "backspace") return { ...state, query: withoutLast(state.query), at: 0 };
  if (!key.printable || state.query.length >= LONGEST_TYPED) return state;
  return { ...state, query: state.query + key.name, at: 0 };
}
