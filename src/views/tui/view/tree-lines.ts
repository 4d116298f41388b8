import type { Step } from "../../../rotation/plan.ts";
import { clusterSteps } from "../../../rotation/plan-steps.ts";
import { windowStart } from "../areas.ts";
import { overrideKey, placeKey } from "../places.ts";
import { type Row, rowsOf } from "../rows.ts";
import { exactly, type Line, line, type Span, type SpanTone, span, spread } from "../spans.ts";
import type { State } from "../state.ts";
import { type StepVerdict, stepVerdict } from "../step-verdict.ts";

/** One sign per verdict; help and the step itself have the words. */
const SIGNS: Readonly<Record<StepVerdict, Span>> = {
  ready: span("○", "good"),
  blocked: span("✗", "bad"),
  unknown: span("?", "bad"),
  later: span("·", "dim"),
  waits: span("~", "warn"),
};

export const APPROVED_SIGN = span("✔", "good");

export function signOf(verdict: StepVerdict): Span {
  return SIGNS[verdict];
}

/** The visible part of the tree, each row exactly `columns` wide. */
export function treeLines(
  state: State,
  { columns, rows: height }: { columns: number; rows: number },
): Line[] {
  const rows = rowsOf(state.plan, state);
  const at = rows.findIndex(({ id }) => id === state.selected);
  const start = windowStart(at, height, rows.length);
  if (rows.length === 0) return [exactly(line(span(" nothing is blocked", "dim")), columns)];
  return rows.slice(start, start + height).map((row) => {
    const selected = row.id === state.selected;
    const content = exactly(rowLine(row, state, columns - 1), columns - 1);
    const marker = span(selected ? "›" : " ", "strong");
    if (!selected) return [marker, ...content];
    if (state.focus === "tree") return [marker, ...content.map(({ text }) => span(text, "cursor"))];
    return [marker, ...content.map((part) => span(part.text, part.tone === "plain" ? "strong" : part.tone))];
  });
}

function rowLine(row: Row, state: State, width: number): Line {
  const indent = "  ".repeat(row.depth);
  const fold = row.folded === null ? "" : row.folded ? "▸ " : "▾ ";
  switch (row.kind) {
    case "cluster":
      return spread(
        line(indent, fold, span(row.cluster.name, "strong")),
        worst(row, clusterSteps(row.cluster)),
        width,
      );
    case "rotation":
      return spread(
        line(indent, fold, row.rotation.name),
        row.rotation.steps.length === 0
          ? line(span(`${row.rotation.standing} `, "dim"))
          : worst(row, row.rotation.steps),
        width,
      );
    case "drift":
      return line(
        indent,
        span("! ", row.drift.blocks ? "bad" : "warn"),
        span(`drift ${row.drift.id}`, row.drift.blocks ? "bad" : "plain"),
      );
    case "override":
      return line(indent, overrideSign(row, state), ` ${row.override.authority} override`);
    case "step":
      return stepLine(row, state);
  }
}

function overrideSign({ cluster, override }: Extract<Row, { kind: "override" }>, state: State): Span {
  if (override.blocked) return SIGNS.blocked;
  if (override.actions.length === 0) return span("±", "warn");
  return state.approved.has(overrideKey({ cluster, override })) ? APPROVED_SIGN : SIGNS.ready;
}

function stepLine(row: Extract<Row, { kind: "step" }>, state: State): Line {
  const { step, rotation, cluster } = row;
  const approved = state.approved.has(placeKey({ cluster, step }));
  const several = rotation.authorities.length > 1 ? `${step.authority} ` : "";
  const what = step.action === "verify" ? `wait: ${step.to}` : `→ ${step.to}`;
  return line(
    "  ".repeat(row.depth),
    approved ? APPROVED_SIGN : SIGNS[stepVerdict(step)],
    ` ${several}${what}`,
    ...(step.point_of_no_return ? [span("  no return", "bad")] : []),
  );
}

/** What a folded row hides, told by the worst of it. */
function worst(row: Row, steps: readonly Step[]): Line {
  if (row.folded !== true) return [];
  const verdicts = new Set(steps.map(stepVerdict));
  const found = (["blocked", "unknown", "waits", "ready", "later"] as const).find((one) => verdicts.has(one));
  return found === undefined ? [] : line(SIGNS[found], " ");
}

/** The word for a verdict, as a chip. */
export function verdictChip(step: Step, approved: boolean): Span {
  const [text, tone] = approved ? APPROVED : CHIPS[stepVerdict(step)];
  return span(` ${text} `, tone);
}

const APPROVED: readonly [string, SpanTone] = ["APPROVED", "chip-good"];
const CHIPS: Readonly<Record<StepVerdict, readonly [string, SpanTone]>> = {
  ready: ["READY", "chip-good"],
  blocked: ["BLOCKED", "chip-bad"],
  unknown: ["UNKNOWN", "chip-bad"],
  later: ["JUDGED LATER", "chip"],
  waits: ["WAITS", "chip-warn"],
};
