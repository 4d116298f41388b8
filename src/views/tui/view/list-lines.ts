import { listHeight, windowStart } from "../areas.ts";
import {
  allListRows,
  LIST_STANDINGS,
  type ListRow,
  type ListStanding,
  listRows,
  lookOf,
} from "../cluster-rows.ts";
import {
  clippedText,
  countOnScreen,
  EMPTY,
  exactly,
  grouped,
  type Line,
  line,
  padText,
  type Span,
  span,
  spread,
  widthOf,
  widthOfText,
  wrapped,
} from "../spans.ts";
import { isWatching, type State } from "../state.ts";
import { exactLines, logLines } from "./watch-lines.ts";

/** How many clusters there are and how they stand, what is searched, and the heads of the columns. */
export function listHeadLines(state: State): readonly Line[] {
  const width = state.size.columns - 2;
  const all = allListRows(state);
  const rows = listRows(state);
  const at = rows.findIndex(({ name }) => name === state.list?.selected);
  const place = rows.length === 0 ? "" : `${grouped(at + 1)} of ${grouped(rows.length)}`;
  const [counts, more] = countLines(all, width - place.length - 1);
  const filter = filterLine(state);
  return [
    exactly(counts, width),
    spread(filter.length === 0 ? more : filter, line(span(place, "dim")), width),
    columnsLine(columnsOf(all, width)),
  ];
}

/** How many there are and how they stand; on a second line what the first has no room for. */
function countLines(rows: readonly ListRow[], width: number): readonly [Line, Line] {
  const lines: [Line, Line] = [line(span(countOnScreen(rows.length, "cluster"), "strong")), EMPTY];
  for (const count of standingCounts(rows)) {
    const [first, second] = lines;
    const longer = [...first, span(", ", "dim"), count];
    if (second.length === 0 && widthOf(longer) <= width) lines[0] = longer;
    else lines[1] = second.length === 0 ? [count] : [...second, span(", ", "dim"), count];
  }
  return lines;
}

function standingCounts(rows: readonly ListRow[]): readonly Span[] {
  const standings = Object.keys(LIST_STANDINGS) as readonly ListStanding[];
  return standings.flatMap((standing) => {
    const count = rows.filter((row) => row.standing === standing).length;
    if (count === 0) return [];
    const { word, tone } = LIST_STANDINGS[standing];
    return [span(`${grouped(count)} ${word}`, tone)];
  });
}

function filterLine({ query, searching, blockedOnly }: State): Line {
  const only = blockedOnly ? [span("only those that need somebody  ", "dim")] : [];
  if (query === "" && !searching) return only;
  return [...only, span("/", "strong"), span(query), ...(searching ? [span(" ", "cursor")] : [])];
}

interface Columns {
  readonly name: number;
  readonly wave: number;
  readonly move: number;
  readonly state: number;
}

/** A mark and a sign before the names, two blanks between columns. */
const BEFORE = 4;

/** Of all rows, filtered or not: nothing jumps aside while somebody types. */
function columnsOf(rows: readonly ListRow[], width: number): Columns {
  const longest = (texts: readonly string[], share: number) => {
    const most = Math.floor(width * share);
    return Math.max(...texts.map((text) => widthOfText(clippedText(text, most))), 0);
  };
  const waves = rows.flatMap(({ wave }) => (wave === null ? [] : [wave]));
  const name = Math.max(
    longest(
      rows.map((row) => row.name),
      0.3,
    ),
    "cluster".length,
  );
  const wave = waves.length === 0 ? 0 : Math.max(longest(waves, 0.12), "wave".length);
  const move = Math.max(
    longest(
      rows.map((row) => row.move),
      0.3,
    ),
    "next".length,
  );
  const gaps = BEFORE + 4 + (wave === 0 ? 0 : 2);
  return { name, wave, move, state: Math.max(8, width - name - wave - move - gaps) };
}

function columnsLine({ name, wave, move, state }: Columns): Line {
  const cells = [
    padText("cluster", name),
    ...(wave === 0 ? [] : [padText("wave", wave)]),
    padText("step", move),
  ];
  return line(span(`${" ".repeat(BEFORE)}${cells.join("  ")}  ${clippedText("state", state)}`, "dim"));
}

/**
 * The visible part of the list, below it the newest of a run where there is room, and in the last row the state of the
 * selected cluster where its line has no room for it.
 */
export function listLines(state: State): readonly Line[] {
  const width = state.size.columns - 2;
  const height = listHeight(state.size);
  const all = allListRows(state);
  const rows = listRows(state);
  const columns = columnsOf(all, width);
  const at = rows.findIndex(({ name }) => name === state.list?.selected);
  const start = windowStart(at, height, rows.length);
  const shown = rows
    .slice(start, start + height)
    .map((row, index) => rowLine(row, columns, start + index === at));
  const list = rows.length === 0 ? [line(span("  no cluster is like that", "dim"))] : shown;
  // By all of them, so that a filter moves nothing up.
  const room = height - Math.max(all.length, 1) - 2;
  const hasLog = isWatching(state) && room >= FEWEST_LOG;
  const log = hasLog
    ? [EMPTY, line(span("Log", "strong")), ...exactLines(logLines(state.run.log, width, room), width, room)]
    : [];
  return [...exactLines(list, width, height - log.length), ...log, wholeState(rows[at], columns, width)];
}

function wholeState(row: ListRow | undefined, columns: Columns, width: number): Line {
  if (row === undefined || widthOfText(clippedText(row.state, width)) <= columns.state)
    return exactly(EMPTY, width);
  return exactly(line(span(row.state, lookOf(row).tone)), width);
}

/** A cluster of a run on which nothing moves: why, in full. */
export function stillLines(state: State, name: string, width: number): readonly Line[] {
  const row = allListRows(state).find((one) => one.name === name);
  const hint = state.run.clusterEndings.get(name)?.hint ?? null;
  return [
    ...(row === undefined ? [] : wrapped(row.state, width, { tone: lookOf(row).tone })),
    ...(hint === null ? [] : wrapped(hint, width, { lead: line(span("→ ", "dim")) })),
  ];
}

const FEWEST_LOG = 2;

function rowLine(row: ListRow, columns: Columns, selected: boolean): Line {
  const { sign, tone } = lookOf(row);
  const cells = [
    span(selected ? "› " : "  ", "strong"),
    span(`${sign} `, tone),
    span(`${padText(row.name, columns.name)}  `, "strong"),
    ...(columns.wave === 0 ? [] : [span(`${padText(row.wave ?? "", columns.wave)}  `, "dim")]),
    span(`${padText(row.move, columns.move)}  `),
    span(padText(row.state, columns.state), tone === "strong" ? "plain" : tone),
  ];
  return selected ? cells.map(({ text }) => span(text, "cursor")) : cells;
}
