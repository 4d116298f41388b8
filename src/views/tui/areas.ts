import type { Size } from "./state.ts";

/** Where things are. Rows of the review from the top: title, path, rail (2), rule, body, rule, keys. */
export interface ReviewAreas {
  /** Side by side, or one above the other where it is narrow. */
  readonly sideBySide: boolean;
  readonly tree: Size;
  readonly detail: Size;
}

const SIDE_BY_SIDE_FROM = 76;
/** From here on the tree has room for `db_client → update_clients`. */
const WIDE_FROM = 104;
const REVIEW_FRAME_ROWS = 7;

export function reviewAreas({ columns, rows }: Size): ReviewAreas {
  const body = rows - REVIEW_FRAME_ROWS;
  if (columns < SIDE_BY_SIDE_FROM) {
    const tree = clamp(Math.round(body * 0.35), 4, 10);
    return {
      sideBySide: false,
      tree: { columns: columns - 2, rows: tree },
      detail: { columns: columns - 2, rows: body - tree - 1 },
    };
  }
  const tree = clamp(Math.round(columns * 0.28), columns < WIDE_FROM ? 27 : 34, 46);
  return {
    sideBySide: true,
    tree: { columns: tree, rows: body },
    detail: { columns: columns - tree - 5, rows: body },
  };
}

/** Rows of the list of clusters: it has a head of as many rows as a review, and a row below it. */
export function listHeight({ rows }: Size): number {
  return Math.max(1, rows - REVIEW_FRAME_ROWS - 1);
}

/** Rows of the text at the right: one is taken by the names of the views. */
export function detailRows(size: Size): number {
  return Math.max(1, reviewAreas(size).detail.rows - 1);
}

/** A question stands in the place of everything under the rail. */
const WIDEST_DIALOG = 76;

export interface DialogArea {
  /** With its frame. */
  readonly columns: number;
  /** Of the text within. */
  readonly width: number;
  /** Rows that text and foot share. */
  readonly rows: number;
}

export function dialogArea({ columns, rows }: Size): DialogArea {
  const wide = Math.min(columns - 2, WIDEST_DIALOG);
  return { columns: wide, width: wide - 4, rows: rows - REVIEW_FRAME_ROWS - 2 };
}

export interface WatchAreas {
  readonly columns: number;
  /** Bars, one per kind of component. */
  readonly bars: number;
  readonly laggards: number;
}

/** Title, path, rail (2), rule, step, blank; then bars, laggards and log share what is left; rule, keys. */
const WATCH_FRAME_ROWS = 9;

export function watchAreas({ columns, rows }: Size, kinds: number): WatchAreas {
  const body = rows - WATCH_FRAME_ROWS;
  const bars = Math.min(Math.max(kinds, 1), Math.max(3, Math.floor(body * 0.4)));
  // A heading each for laggards and log, and a blank row above each.
  const rest = body - bars - 4;
  const laggards = Math.max(2, Math.ceil(rest * 0.55));
  return { columns: columns - 2, bars, laggards };
}

/** The first visible row of a list, so that the selected one is in view. */
export function windowStart(at: number, height: number, length: number): number {
  return clamp(at - Math.floor(height / 2), 0, Math.max(0, length - height));
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
