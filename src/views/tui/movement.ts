import { clamp, detailRows } from "./areas.ts";
import { parentOf, type Row, rowsOf } from "./rows.ts";
import { DETAIL_VIEWS, type Key, type State } from "./state.ts";
import { detailEnd } from "./view/detail-lines.ts";
import { laggardsOf, shownTrack, shownTracks } from "./view/watch-lines.ts";

/** How far the keys that move go; `null` for all other keys. */
export function distance(key: Key, page: number): number | null {
  switch (key.name) {
    case "up":
    case "k":
      return -1;
    case "down":
    case "j":
      return 1;
    case "pageup":
      return -page;
    case "pagedown":
    case " ":
      return page;
    case "home":
    case "g":
      return Number.NEGATIVE_INFINITY;
    case "end":
    case "G":
      return Number.POSITIVE_INFINITY;
    default:
      return null;
  }
}

const DIALOG_PAGE = 5;

/** In a question only keys that nobody types scroll; letters are answers. */
export function scrollDistance(key: Key): number | null {
  return key.printable ? null : distance(key, DIALOG_PAGE);
}

/** Keys of the review that only move, fold and choose what is shown. */
export function moveKey(state: State, key: Key): State {
  const rows = rowsOf(state.plan, state);
  const index = rows.findIndex(({ id }) => id === state.selected);
  const page = Math.max(1, detailRows(state.size) - 2);
  const by = distance(key, page);
  if (by !== null && (state.focus === "detail" || key.name === " ")) {
    return { ...state, at: clamp(state.at + by, 0, detailEnd(state)) };
  }
  if (by !== null) return select(state, rows, index + by);
  switch (key.name) {
    case "tab":
      return { ...state, focus: state.focus === "tree" ? "detail" : "tree" };
    case "left":
      return state.focus === "detail" ? { ...state, focus: "tree" } : fold(state, rows, index);
    case "right":
      return unfold(state, rows[index]);
    case "return":
      return rows[index]?.folded === false ? fold(state, rows, index) : unfold(state, rows[index]);
    case "b": {
      const next = { ...state, blockedOnly: !state.blockedOnly, at: 0 };
      const left = rowsOf(next.plan, next);
      return left.some(({ id }) => id === state.selected) ? next : { ...next, selected: left[0]?.id ?? "" };
    }
    default: {
      const view = DETAIL_VIEWS[Number(key.name) - 1];
      return view === undefined ? state : { ...state, view, at: 0 };
    }
  }
}

function select(state: State, rows: readonly Row[], index: number): State {
  const row = rows[clamp(index, 0, rows.length - 1)];
  return row === undefined || row.id === state.selected ? state : { ...state, selected: row.id, at: 0 };
}

function fold(state: State, rows: readonly Row[], index: number): State {
  const row = rows[index];
  if (row?.folded === false) return { ...state, folded: new Set([...state.folded, row.id]) };
  const parent = parentOf(rows, index);
  return parent < 0 ? state : select(state, rows, parent);
}

function unfold(state: State, row: Row | undefined): State {
  if (row?.folded !== true) return { ...state, focus: "detail" };
  const folded = new Set(state.folded);
  folded.delete(row.id);
  return { ...state, folded };
}

/** Keys of the watch screen that only move. */
export function watchMoveKey(state: State, key: Key): State {
  switch (key.name) {
    case "left":
    case "right": {
      const tracks = shownTracks(state);
      const shown = shownTrack(state);
      const place = shown === undefined ? -1 : tracks.indexOf(shown);
      const next = tracks[clamp(place + (key.name === "left" ? -1 : 1), 0, tracks.length - 1)];
      return tracks.length < 2 || next === undefined
        ? state
        : { ...state, track: state.run.tracks.indexOf(next), at: 0 };
    }
    case "f":
      return { ...state, track: null, at: 0 };
    default: {
      const by = distance(key, 10);
      if (by === null) return state;
      const end = Math.max(0, laggardsOf(shownTrack(state)?.waiting ?? null, state.query).length - 1);
      return { ...state, at: clamp(state.at + by, 0, end) };
    }
  }
}
