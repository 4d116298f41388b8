import { LAST_STATION, onRail, type RailPlace, STATIONS } from "../../facts/rail.ts";
import { clamp } from "../areas.ts";
import { clipped, EMPTY, type Line, line, type Span, type SpanTone, span, widthOf } from "../spans.ts";

/** A rail with its captions. */
export interface CaptionedRail extends RailPlace {
  /** What is said of a phase that is the goal, too. */
  readonly arrived: string;
}

const NAMES_WIDTH = STATIONS.join("").length;

/**
 * The phases from left to right, where the rotation is, where it goes, and the line that is crossed once:
 *
 *     standby ─── init ━━━ update_clients ─── update_servers ═══ standby
 *                 ● here   ▲ goal                            point of no return
 *
 * Signs and the second row say what colour says.
 */
export function railLines(place: CaptionedRail, width: number): readonly [Line, Line] {
  const link = clamp(Math.floor((width - NAMES_WIDTH) / LAST_STATION) - 2, 1, 14);
  const { here, end } = onRail(place);
  const starts: number[] = [];
  const rail: Span[] = [];
  let column = 0;
  const put = (text: string, tone: SpanTone) => {
    rail.push(span(text, tone));
    column += text.length;
  };
  for (const [index, name] of STATIONS.entries()) {
    if (index > 0) {
      const planned = here >= 0 && index > here && index <= end;
      const stroke = index === LAST_STATION ? "═" : planned ? "━" : "─";
      put(
        ` ${stroke.repeat(link)} `,
        index === LAST_STATION ? (planned ? "bad" : "warn") : planned ? "strong" : "dim",
      );
    }
    starts.push(column);
    put(name, index === here ? "cursor" : index === end ? "strong" : index < here ? "dim" : "plain");
  }
  return [clipped(rail, width), caption(place, here, end, starts, width)];
}

function caption(
  { phase, finished, arrived }: CaptionedRail,
  here: number,
  end: number,
  starts: readonly number[],
  width: number,
): Line {
  if (phase === "rollback") {
    return line(span("● rollback ━▶ standby", "strong"), span("  as it was before", "dim"));
  }
  const at = starts[here] ?? 0;
  const last = starts[LAST_STATION] ?? 0;
  if (finished) return clipped(indented(at, span("● here", "strong")), width);
  const words = end < 0 && here > 0 ? "╰━▶ rollback ━▶ standby" : here === end ? `● ${arrived}` : "● here";
  return clipped(
    merge([
      indented(at, span(words, "strong")),
      ...(end > here
        ? [indented(starts[end] ?? 0, span("▲ goal", end === LAST_STATION ? "bad" : "strong"))]
        : []),
      // Under the double line, which is crossed once.
      indented(last - WARNING.length - 1, span(WARNING, "warn")),
    ]),
    width,
  );
}

const WARNING = "no return";

function indented(column: number, content: Span): Line {
  return [span(" ".repeat(column)), content];
}

/** Lays marks over each other; what would overlap is left out. */
function merge(marks: readonly Line[]): Line {
  let result: Line = EMPTY;
  for (const mark of marks.toSorted((left, right) => columnOf(left) - columnOf(right))) {
    const gap = columnOf(mark) - widthOf(result);
    if (gap < (result.length === 0 ? 0 : 1)) continue;
    result = [...result, span(" ".repeat(gap)), ...mark.slice(1)];
  }
  return result;
}

function columnOf(mark: Line): number {
  return mark[0]?.text.length ?? 0;
}
