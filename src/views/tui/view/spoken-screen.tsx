import { Box, Static, Text } from "ink";
import type { LogEntry } from "../../run/run-state.ts";
import { listRows, lookOf } from "../cluster-rows.ts";
import { rowsOf } from "../rows.ts";
import { EMPTY, type Line, span } from "../spans.ts";
import { isListing, isTooSmall, isWatching, type State } from "../state.ts";
import { componentInWords } from "./component-lines.ts";
import { detailLines, selectedRow } from "./detail-lines.ts";
import { dialogText } from "./dialog-lines.ts";
import { pathLines, titleLine } from "./frame-lines.ts";
import { keysLine } from "./keys-line.ts";
import { listHeadLines, stillLines } from "./list-lines.ts";
import { laggardsOf, shownTrack, stepLine } from "./watch-lines.ts";

interface Props {
  readonly state: State;
}

const WIDTH = 10_000;
const LAGGARDS_READ = 5;

/**
 * For screen readers: one thing at a time, as sentences in reading order. No columns, no bars, no clock that
 * speaks every second. What a run does is said once, line by line, and stays.
 */
export function SpokenScreen({ state }: Props) {
  const watching = isWatching(state);
  const lines =
    state.dialog !== null
      ? spokenDialog(state)
      : isListing(state)
        ? spokenList(state)
        : watching
          ? spokenWatch(state)
          : spokenReview(state);
  return (
    <Box flexDirection="column">
      {watching && (
        <Static items={[...state.run.log]}>
          {(entry: LogEntry, index) => <Text key={index}>{spoken([span(entry.text)])}</Text>}
        </Static>
      )}
      {[...lines, spoken(keysLine(wide(state)))].map((text, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a sentence has no other identity
        <Text key={index}>{text}</Text>
      ))}
    </Box>
  );
}

function spokenDialog(state: State): readonly string[] {
  if (state.dialog === null) return [];
  const { title, body, foot } = dialogText(state, state.dialog, WIDTH);
  return [`${title}`, ...[...body, ...foot].map(spoken)].filter((text) => text !== "");
}

function spokenList(state: State): readonly string[] {
  const rows = listRows(state);
  const at = rows.findIndex(({ name }) => name === state.list?.selected);
  const row = rows[at];
  const said =
    row === undefined
      ? "no cluster is like that"
      : `Cluster ${at + 1} of ${rows.length}: ${[row.name, row.wave === null ? "" : `wave ${row.wave}`, row.move, lookOf(row).word, row.state].filter((text) => text !== "").join(", ")}`;
  return [
    isWatching(state) ? "" : spoken(titleLine(wide(state))),
    spoken(listHeadLines(wide(state))[0] ?? EMPTY),
    spoken([span(said)]),
  ].filter((text) => text !== "");
}

function spokenReview(state: State): readonly string[] {
  const rows = rowsOf(state.plan, state);
  const row = selectedRow(state);
  const at = rows.findIndex(({ id }) => id === state.selected) + 1;
  const detail = state.view === "components" ? componentInWords(state, WIDTH) : detailLines(wide(state));
  const path = pathLines(wide(state))[0] ?? EMPTY;
  return [
    spoken(titleLine(wide(state))),
    `Row ${at} of ${rows.length}, ${row?.kind ?? "nothing"}: ${spoken(path)}`,
    ...detail.map(spoken),
  ].filter((text) => text !== "");
}

function spokenWatch(state: State): readonly string[] {
  const track = shownTrack(state);
  const late = laggardsOf(track?.waiting ?? null, state.query);
  const counts = (track?.waiting?.progress ?? []).map(
    ({ kind, ready, total }) => `${kind} ${ready} of ${total}`,
  );
  return [
    // Times would be read out every second.
    ...(track === undefined && state.list?.opened != null
      ? stillLines(state, state.list.opened, WIDTH).map(spoken)
      : [spoken(stepLine(track, state.run, null, WIDTH))]),
    counts.join(", "),
    ...late.slice(0, LAGGARDS_READ).map(({ subject, message }) => spoken([span(`${subject} ${message}`)])),
    late.length > LAGGARDS_READ ? `and ${late.length - LAGGARDS_READ} more` : "",
  ].filter((text) => text !== "");
}

/** Sentences are not cut to a width. */
function wide(state: State): State {
  const size = { columns: WIDTH, rows: isTooSmall(state.size) ? 24 : state.size.rows };
  return { ...state, size };
}

/** What the signs of the screen are called; the rest of them says nothing that words do not say. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/↑ ?↓/g, "up and down"],
  [/← ?→/g, "left and right"],
  [/^\s*→ /g, "what to do: "],
  [/→/g, "to"],
  [/^\s*›/g, ""],
  [/ ›/g, ","],
  [/✔ ?/g, "approved "],
  [/✗ ?/g, ""],
  [/✓ ?/g, "pass "],
  [/\[x\]/g, "done:"],
  [/\[ \]/g, "open:"],
  [/[○·~±╭╮╰╯│─━═▲▼●╌…]/g, ""],
  [/(?<=\S)\s{3,}(?=\S)/g, ", "],
];

function spoken(content: Line): string {
  const text = content.map((part) => part.text).join("");
  return SIGNS.reduce((said, [sign, word]) => said.replaceAll(sign, word), text)
    .replaceAll(/\s+/g, " ")
    .trim();
}
