import { stepPlaces } from "../../../rotation/plan-steps.ts";
import { type Headline, headline } from "../../facts/verdict-words.ts";
import { overridePlaces } from "../places.ts";
import {
  clipped,
  countOnScreen,
  EMPTY,
  grouped,
  type Line,
  line,
  type Span,
  span,
  spread,
} from "../spans.ts";
import { DETAIL_VIEWS, isListing, isWatching, SMALLEST, type State } from "../state.ts";
import { isRefused } from "../step-verdict.ts";
import { componentCount } from "./component-lines.ts";
import { detailEnd, selectedRow } from "./detail-lines.ts";
import { listHeadLines } from "./list-lines.ts";
import { type CaptionedRail, railLines } from "./rail-lines.ts";
import { elapsed, shownTrack, stateChip, trackCount } from "./watch-lines.ts";

/** The first row: what this is, of which commit, and the verdict. */
export function titleLine(state: State): Line {
  const { plan, mode, size } = state;
  const width = size.columns - 2;
  const more = plan.uncommitted === undefined ? "" : ` and ${plan.uncommitted.length} uncommitted`;
  const commit = plan.commit === null ? more : `  commit ${plan.commit.slice(0, 10)}${more}`;
  const author = state.diff?.author == null ? "" : ` by ${state.diff.author.replace(/\s*<.*>$/, "")}`;
  if (mode === "read" || mode === "approve") {
    return spread(
      line(span("capstan plan", "strong"), span(`${commit}${author}`, "dim")),
      planVerdict(state),
      width,
    );
  }
  const time = span(`${elapsed(state.run, state.now)}  `, "plain");
  const title = mode === "watch" ? "capstan apply" : "capstan replay";
  const place = state.replay;
  const played =
    place === null
      ? ""
      : `  event ${place.played} of ${place.events.length}, ${place.speed}×${place.paused ? ", paused" : ""}`;
  return spread(
    line(span(title, "strong"), span(`${mode === "watch" ? commit : played}`, "dim")),
    [time, isListing(state) ? runChip(state) : stateChip(shownTrack(state), state.run, state.asked.stop)],
    width,
  );
}

/** How the run of all clusters goes. */
function runChip({ run, asked }: State): Span {
  if (run.ending === null) {
    if (asked.stop) return span(" STOPPING ", "chip-warn");
    return span(run.startedAt === null ? " STARTING " : " RUNNING ", "chip");
  }
  const good = run.ending.outcome === "applied" || run.ending.outcome === "nothing-to-do";
  return span(` ${run.ending.outcome.toUpperCase()} `, good ? "chip-good" : "chip-bad");
}

function planVerdict({ plan, approved }: State): Line {
  const steps = stepPlaces(plan);
  const overrides = overridePlaces(plan);
  const all = steps.length + overrides.length;
  const held =
    steps.filter(({ step }) => isRefused(step)).length +
    overrides.filter(({ override }) => override.blocked).length;
  const what = countOnScreen(all, overrides.length === 0 ? "step" : "change");
  const some =
    approved.size > 0
      ? `${approved.size} of ${all} approved  `
      : held > 0
        ? `${held} of ${what}  `
        : `${what}  `;
  const { short, tone } = headline(plan);
  const head = span(` ${short.toUpperCase()} `, CHIPS[tone]);
  return plan.verdict === "nothing_to_do" ? line(head) : line(some, head);
}

const CHIPS: Readonly<Record<Headline["tone"], Span["tone"]>> = {
  plain: "chip",
  strong: "chip",
  dim: "chip",
  good: "chip-good",
  warn: "chip-warn",
  bad: "chip-bad",
};

/** The second row, and the rail under it: of which rotation this is. */
export function pathLines(state: State): readonly Line[] {
  if (isListing(state)) return listHeadLines(state);
  const width = state.size.columns - 2;
  const { names, rail } = placeOf(state);
  const path = names.flatMap((name, index) => [
    ...(index === 0 ? [] : [span(" › ", "dim")]),
    span(name, index === 0 ? "strong" : "plain"),
  ]);
  const head = spread(path, isWatching(state) ? trackCount(state) : EMPTY, width);
  return [head, ...(rail === null ? [EMPTY, EMPTY] : railLines(rail, width))];
}

interface ShownPlace {
  readonly names: readonly string[];
  readonly rail: CaptionedRail | null;
}

function placeOf(state: State): ShownPlace {
  return isWatching(state) ? trackPlace(state) : rowPlace(state);
}

function trackPlace(state: State): ShownPlace {
  const track = shownTrack(state);
  if (track === undefined)
    return { names: state.list?.opened == null ? [] : [state.list.opened], rail: null };
  const { cluster, rotation, authority, phase, goal } = track;
  const done = track.state === "done";
  const rail: CaptionedRail = {
    phase,
    goal: track.state === "rolling-back" ? "rollback" : goal,
    finished: done && phase === "standby",
    arrived: done ? "here, as wanted" : "here",
  };
  return { names: [cluster, rotation, `${authority} CA`], rail };
}

function rowPlace(state: State): ShownPlace {
  const row = selectedRow(state);
  if (row === undefined) return { names: [], rail: null };
  const rotation = "rotation" in row ? row.rotation : row.cluster.rotations[0];
  if (rotation === undefined) return { names: [row.cluster.name], rail: null };
  const rail: CaptionedRail = {
    phase: rotation.live_phase,
    goal: rotation.desired_phase,
    finished: rotation.standing === "finished",
    arrived: "here, as wanted",
  };
  return { names: [row.cluster.name, rotation.name, `${rotation.authorities.join(" + ")} CA`], rail };
}

const VIEW_NAMES = { step: "step", diff: "diff", keys: "keys", components: "components" } as const;

/** The names of the views, the chosen one marked, and how much is below. */
export function tabsLine(state: State, width: number): Line {
  const row = selectedRow(state);
  const tabs = DETAIL_VIEWS.flatMap((view, index): Span[] => {
    const name = view === "step" && row?.kind !== "step" ? "about" : VIEW_NAMES[view];
    const chosen = view === state.view;
    const tone = chosen ? (state.focus === "detail" ? "cursor" : "strong") : "dim";
    return [span(chosen ? `[${index + 1} ${name}]` : ` ${index + 1} ${name} `, tone)];
  });
  const below = state.view === "components" ? 0 : detailEnd(state) - state.at;
  const more =
    state.view === "components" ? listPlace(state) : below > 0 ? `▼ ${below}` : state.at > 0 ? "▲" : "";
  const how = below > 0 && width >= 60 ? " more: space" : "";
  return spread(tabs, line(span(`${more}${how}`, below > 0 ? "strong" : "dim")), width);
}

function listPlace(state: State): string {
  const { found } = componentCount(state);
  return found === 0 ? "" : `${grouped(state.at + 1)}/${grouped(found)}`;
}

export function ruleLine(columns: number): Line {
  return [span("─".repeat(columns), "dim")];
}

export function tooSmallLines({
  columns,
  rows,
}: {
  readonly columns: number;
  readonly rows: number;
}): Line[] {
  return [
    line(span("capstan", "strong")),
    line(`needs ${SMALLEST.columns} columns, ${SMALLEST.rows} rows;`),
    line(`this is ${columns} × ${rows}.`),
    line("Make it larger; q leaves."),
  ]
    .slice(0, Math.max(1, rows))
    .map((content) => clipped(content, columns));
}
