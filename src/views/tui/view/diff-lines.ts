import { clockTime, dateOf } from "../../times.ts";
import { EMPTY, hardWrapped, type Line, line, type SpanTone, span, widthOf, wrapped } from "../spans.ts";
import type { GitDiff } from "../state.ts";

/** The commit that asks for the plan, and what it changes in the YAML. */
export function diffLines(diff: GitDiff | null, commit: string | null, width: number): Line[] {
  if (diff === null) {
    const why =
      commit === null ? "outside git there is no change to show" : `no change is known for ${commit}`;
    return [line(span(why, "dim"))];
  }
  const { author, authoredAt, subject, text } = diff;
  const when = authoredAt === null ? "" : `, ${dateOf(authoredAt)} ${clockTime(authoredAt).slice(0, 5)}`;
  return [
    ...(diff.commit === null ? [] : [line(span("commit    ", "dim"), diff.commit.slice(0, 12))]),
    ...(author === null ? [] : wrapped(`${author}${when}`, width, { lead: line(span("author    ", "dim")) })),
    ...(subject === null ? [] : wrapped(subject, width, { tone: "strong", lead: line("          ") })),
    EMPTY,
    ...(text === ""
      ? [line(span("it changes no resource", "dim"))]
      : text
          .replace(/\n$/, "")
          .split("\n")
          .filter((row) => !row.startsWith("index "))
          .flatMap((row) => diffLine(row, width))),
  ];
}

/**
 * Long rows are wrapped, never cut: what is approved has to be seen. What continues a row is marked, so that it
 * cannot pass for a row of its own.
 */
function diffLine(row: string, width: number): Line[] {
  const tone = toneOf(row);
  // Tabs would move columns; whatever else could is dealt with where spans are made.
  const text = row.replaceAll("\t", "    ").replace(/\r$/, "");
  if (widthOf([span(text)]) <= width) return [[span(text, tone)]];
  const [first = "", ...rest] = hardWrapped(text, width - CONTINUED.length);
  return [line(span(first, tone)), ...rest.map((more) => line(span(CONTINUED, "dim"), span(more, tone)))];
}

const CONTINUED = "  ↪ ";

function toneOf(row: string): SpanTone {
  if (/^(\+\+\+|---|diff |similarity |rename |new file |deleted file )/.test(row)) return "dim";
  if (row.startsWith("@@")) return "warn";
  if (row.startsWith("+")) return "good";
  return row.startsWith("-") ? "bad" : "plain";
}
