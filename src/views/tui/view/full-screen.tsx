import { Box } from "ink";
import { detailRows, dialogArea, reviewAreas, watchAreas } from "../areas.ts";
import { clipped, EMPTY, exactly, type Line, line, span, widthOf } from "../spans.ts";
import { type Dialog, isListing, isTooSmall, isWatching, type State } from "../state.ts";
import { componentLines } from "./component-lines.ts";
import { detailLines } from "./detail-lines.ts";
import { dialogText } from "./dialog-lines.ts";
import { pathLines, ruleLine, tabsLine, titleLine, tooSmallLines } from "./frame-lines.ts";
import { keysLine } from "./keys-line.ts";
import { Lines } from "./lines.tsx";
import { listLines, stillLines } from "./list-lines.ts";
import { treeLines } from "./tree-lines.ts";
import {
  barLines,
  exactLines,
  laggardLines,
  logLines,
  reasonLines,
  shownTrack,
  stepLine,
} from "./watch-lines.ts";

interface Props {
  readonly state: State;
}

/** The whole screen, as many rows as the terminal has. */
export function FullScreen({ state }: Props) {
  const { columns, rows } = state.size;
  if (isTooSmall(state.size)) return <Lines lines={tooSmallLines(state.size)} />;
  const body = rows - HEAD_ROWS - FOOT_ROWS;
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Margin>
        <Lines lines={exactLines([titleLine(state), ...pathLines(state)], columns - 2, HEAD_ROWS - 1)} />
      </Margin>
      <Lines lines={[ruleLine(columns)]} />
      {state.dialog !== null ? (
        <Question state={state} dialog={state.dialog} height={body} />
      ) : isListing(state) ? (
        <Margin>
          <Lines lines={listLines(state)} />
        </Margin>
      ) : isWatching(state) ? (
        <Watch state={state} height={body} />
      ) : (
        <Review state={state} />
      )}
      <Lines lines={[ruleLine(columns)]} />
      <Margin>
        <Lines lines={exactLines([keysLine(state)], columns - 2, 1)} />
      </Margin>
    </Box>
  );
}

/** Title, path, rail and its captions, rule. */
const HEAD_ROWS = 5;
/** Rule, keys. */
const FOOT_ROWS = 2;

function Margin({ children }: { readonly children: React.ReactNode }) {
  return (
    <Box paddingX={1} flexShrink={0}>
      {children}
    </Box>
  );
}

function Review({ state }: Props) {
  const { sideBySide, tree, detail } = reviewAreas(state.size);
  const left = exactLines(treeLines(state, tree), tree.columns, tree.rows);
  const right = [tabsLine(state, detail.columns), ...detailWindow(state, detail.columns)];
  const shown = exactLines(right, detail.columns, detail.rows);
  if (!sideBySide) {
    return (
      <>
        <Margin>
          <Lines lines={left} />
        </Margin>
        <Lines lines={[ruleLine(state.size.columns)]} />
        <Margin>
          <Lines lines={shown} />
        </Margin>
      </>
    );
  }
  return (
    <Margin>
      <Lines lines={left} />
      <Lines lines={shown.map(() => [span(" │ ", "dim")])} />
      <Lines lines={shown} />
    </Margin>
  );
}

function detailWindow(state: State, width: number): readonly Line[] {
  const height = detailRows(state.size);
  if (state.view === "components") return componentLines(state, width, height);
  return detailLines(state).slice(state.at, state.at + height);
}

function Watch({ state, height }: Props & { readonly height: number }) {
  const track = shownTrack(state);
  const waiting = track?.waiting ?? null;
  const kinds = (waiting?.progress.length ?? 0) + ((waiting?.probes.length ?? 0) > 0 ? 1 : 0);
  const { columns, bars, laggards } = watchAreas(state.size, kinds);
  const opened = state.list?.opened ?? null;
  const head =
    opened !== null && track === undefined
      ? stillLines(state, opened, columns)
      : [stepLine(track, state.run, state.now, columns), ...reasonLines(track, columns)];
  const entries = opened === null ? state.run.log : state.run.log.filter(({ cluster }) => cluster === opened);
  const log = (rows: number) => [EMPTY, [span("Log", "strong")], ...logLines(entries, columns, rows)];
  const lines =
    waiting === null
      ? [...head, ...log(height - head.length - 2)]
      : [
          ...head,
          EMPTY,
          ...exactLines(barLines(waiting, columns, bars), columns, bars),
          EMPTY,
          ...exactLines(laggardLines(state, columns, laggards), columns, laggards + 1),
          ...log(height - head.length - bars - laggards - 5),
        ];
  return (
    <Margin>
      <Lines lines={exactLines(lines, columns, height)} />
    </Margin>
  );
}

/** A question takes the place of everything but the rail: there is nothing else to look at, and nothing to press. */
function Question({ state, dialog, height }: Props & { readonly dialog: Dialog; readonly height: number }) {
  const { columns, width, rows } = dialogArea(state.size);
  const { title, grave, body, foot } = dialogText(state, dialog, width);
  const room = rows - foot.length - 1;
  const shown = body.slice(dialog.top, dialog.top + room);
  const below = body.length - dialog.top - shown.length;
  const gap = below > 0 ? line(span(`▼ ${below} more: ↓`, "strong")) : EMPTY;
  const lines = frame(title, [...shown, gap, ...foot], columns, grave);
  const above = Math.max(0, Math.floor((height - lines.length) / 2));
  const left = Math.max(0, Math.floor((state.size.columns - columns) / 2));
  return (
    <Box height={height} paddingTop={above} paddingLeft={left} flexShrink={0} overflow="hidden">
      <Lines lines={lines} />
    </Box>
  );
}

function frame(title: string, text: readonly Line[], columns: number, grave: boolean): readonly Line[] {
  const edge = grave ? "bad" : "dim";
  const head = clipped(line(span(` ${title} `, grave ? "bad" : "strong")), columns - 4);
  return [
    [span("╭─", edge), ...head, span(`${"─".repeat(columns - 3 - widthOf(head))}╮`, edge)],
    ...text.map((content) => [span("│ ", edge), ...exactly(content, columns - 4), span(" │", edge)]),
    [span(`╰${"─".repeat(columns - 2)}╯`, edge)],
  ];
}
