import type { BasePlan, ClusterPlan, Plan, RotationPlan } from "../../../rotation/plan.ts";
import { stepMove, stepTitle } from "../../../rotation/plan-steps.ts";
import { aboutText } from "../../facts/about-words.ts";
import { orderWords } from "../../facts/order-words.ts";
import { rotationMoves } from "../../facts/rotation-moves.ts";
import { standingText } from "../../facts/standing-words.ts";
import { detailRows, reviewAreas } from "../areas.ts";
import { rememberLast } from "../remember-last.ts";
import { clusterHead, type Row, rowsOf } from "../rows.ts";
import { countOnScreen, EMPTY, type Line, line, span, spread, wrapped } from "../spans.ts";
import type { DetailView, GitDiff, State } from "../state.ts";
import { stepVerdict } from "../step-verdict.ts";
import { componentCount } from "./component-lines.ts";
import { diffLines } from "./diff-lines.ts";
import { type KeysShown, keyLines, moveLines, overrideLines } from "./key-lines.ts";
import { checkLinesOnScreen, checklistLines, consumerLines, labelled, stepLines } from "./step-lines.ts";
import { APPROVED_SIGN, signOf } from "./tree-lines.ts";

/** The text at the right for a row of the tree, whole; the screen shows a part of it. */
const makeDetail = rememberLast(
  (
    row: Row | undefined,
    view: DetailView,
    diff: GitDiff | null,
    plan: Plan,
    approved: ReadonlySet<string>,
    width: number,
    rows: number,
  ): readonly Line[] => {
    if (view === "diff") return diffLines(diff, plan.commit, width);
    if (row === undefined) return [line(span("nothing is selected", "dim"))];
    if (view === "keys") return keysUnder(row, width);
    const about = aboutRow(row, approved, plan.base, width);
    if (diff === null) return about;
    // Where there is room, the change that asks for it is on the same screen.
    const whole = [...about, EMPTY, ...diffLines(diff, plan.commit, width)];
    return whole.length <= rows ? whole : about;
  },
);

export function detailLines(state: State): readonly Line[] {
  const { columns } = reviewAreas(state.size).detail;
  const { view, diff, plan, approved, size } = state;
  return makeDetail(selectedRow(state), view, diff, plan, approved, columns, detailRows(size));
}

/** The row that keys are about: of the tree, or the head of the cluster in the list. */
export function selectedRow(state: State): Row | undefined {
  if (state.list !== null && state.list.opened === null) return clusterHead(state.plan, state.list.selected);
  return rowsOf(state.plan, state).find(({ id }) => id === state.selected);
}

/** How far `at` can go: the last row of a list, or the last page of a text. */
export function detailEnd(state: State): number {
  if (state.view === "components") return Math.max(0, componentCount(state).found - 1);
  return Math.max(0, detailLines(state).length - detailRows(state.size));
}

function aboutRow(
  row: Row,
  approved: ReadonlySet<string>,
  base: BasePlan | undefined,
  width: number,
): readonly Line[] {
  switch (row.kind) {
    case "cluster":
      return clusterLines(row.cluster, width);
    case "rotation":
      return rotationLines(row.rotation, width);
    case "step":
      return stepLines(row, approved, base, width);
    case "drift": {
      const { id, remedy, blocks } = row.drift;
      return [
        spread(
          line(span(`drift ${id}`, "strong")),
          [blocks ? span(" BLOCKS ", "chip-bad") : span(" NOTICE ", "chip")],
          width,
        ),
        line(span("where git and the cluster differ", "dim")),
        EMPTY,
        ...wrapped(aboutText(row.drift), width),
        ...wrapped(remedy, width, { lead: line(span("→ ", "dim")) }),
      ];
    }
    case "override":
      return overrideLines(row.override, width);
  }
}

function clusterLines(cluster: ClusterPlan, width: number): Line[] {
  const { name, platform, rotations, drift, overrides, problem } = cluster;
  const order = orderWords(cluster);
  return [
    ...wrapped(name, width, { tone: "strong" }),
    line(span(platform, "dim")),
    EMPTY,
    ...(problem === null
      ? []
      : [
          ...wrapped(`cannot be read: ${problem.message}`, width, { tone: "bad" }),
          ...wrapped(problem.remedy, width, { lead: line(span("→ ", "dim")) }),
        ]),
    ...order.flatMap((words) => wrapped(words, width, { tone: "warn" })),
    ...(order.length === 0 ? [] : [EMPTY]),
    ...(rotations.length === 0 && problem === null ? [line(span("no rotation is declared", "dim"))] : []),
    ...rotations.flatMap((rotation) => [
      ...wrapped(`${rotation.name}: ${standingText(rotation)}`, width),
      ...stepsInShort(rotation),
    ]),
    ...(drift.length === 0 ? [] : [EMPTY, line(`drift: ${countOnScreen(drift.length, "finding")}`)]),
    ...(overrides.length === 0
      ? []
      : [
          EMPTY,
          line(`overrides: ${countOnScreen(overrides.flatMap(({ actions }) => actions).length, "change")}`),
        ]),
  ];
}

function rotationLines(rotation: RotationPlan, width: number): Line[] {
  return [
    ...wrapped(rotation.name, width, { tone: "strong" }),
    ...labelled("CA", rotation.authorities.join(", "), width),
    ...labelled("stands", standingText(rotation), width),
    ...rotation.notes.flatMap((note) => labelled("note", note, width, "warn")),
    EMPTY,
    ...stepsInShort(rotation),
    ...checklistLines(rotation.checklist, width),
    ...checkLinesOnScreen(rotation, width),
    ...consumerLines(rotation.consumers, width),
    EMPTY,
    ...moveLines(rotationMoves(rotation), rotation.keys, width),
  ];
}

function stepsInShort({ steps }: RotationPlan): Line[] {
  if (steps.length === 0) return [line(span("  nothing to do", "dim"))];
  return steps.map((step) =>
    line(
      "  ",
      signOf(stepVerdict(step)),
      ` ${stepTitle(step)}`,
      step.point_of_no_return ? span("  no return", "bad") : "",
    ),
  );
}

function keysUnder(row: Row, width: number): Line[] {
  const { overrides, rotations } = row.cluster;
  switch (row.kind) {
    case "step":
      return keyLines([keysOfStep(row)], overrides, width);
    case "rotation":
      return keyLines([keysOfRotation(row.rotation)], overrides, width);
    default:
      return keyLines(rotations.map(keysOfRotation), overrides, width);
  }
}

function keysOfStep({ rotation, step }: Extract<Row, { kind: "step" }>): KeysShown {
  const { authority, keys = [] } = step;
  const moves = keys.map((move) => ({ ...move, authority }));
  return { rotation, title: stepMove(step), moves };
}

function keysOfRotation(rotation: RotationPlan): KeysShown {
  const { live_phase, desired_phase } = rotation;
  return { rotation, title: `${live_phase} → ${desired_phase}`, moves: rotationMoves(rotation) };
}

/** What the signs of the tree mean, for help. */
export const LEGEND: readonly Line[] = [
  line(signOf("ready"), " ready      every guard passes"),
  line(APPROVED_SIGN, " approved   and not started yet"),
  line(signOf("blocked"), " blocked    a guard refuses"),
  line(signOf("unknown"), " unknown    a guard cannot tell, which blocks"),
  line(signOf("later"), " later      judged when the step before it is done"),
  line(signOf("waits"), " waits      apply looks until everybody has followed"),
];
