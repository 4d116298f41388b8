import { failingGuards } from "../../planner/startable.ts";
import type { ClusterPlan, Plan, Step } from "../../rotation/plan.ts";
import { clusterSteps } from "../../rotation/plan-steps.ts";
import { type FleetRow, type FleetStanding, fleetRows, needsPerson } from "../facts/fleet-rows.ts";
import { activeTrackOf, type ClusterEnding, type Run, type Track, type Waiting } from "../run/run-state.ts";
import type { Tone } from "../tone.ts";
import { placeKey } from "./places.ts";
import { rememberLast } from "./remember-last.ts";
import { grouped } from "./spans.ts";
import { isWatching, type State } from "./state.ts";
import { currentStep } from "./track-step.ts";

/** A cluster of several, as one line of the list. */
export interface ListRow {
  readonly name: string;
  /** `null` without waves. */
  readonly wave: string | null;
  readonly standing: ListStanding;
  /** What is at hand, as `host → update_clients`. */
  readonly move: string;
  /** What it waits for, its problem, or how it ended. */
  readonly state: string;
}

/** The word for it, its sign, and whether somebody has to look at it. */
interface Standing {
  readonly word: string;
  readonly sign: string;
  readonly tone: Tone;
  readonly troubled?: true;
}

/** In the order in which they are counted: the worst first. */
export const LIST_STANDINGS = {
  unread: { word: "unread", sign: "✗", tone: "bad", troubled: true },
  failed: { word: "failed", sign: "✗", tone: "bad", troubled: true },
  blocked: { word: "blocked", sign: "✗", tone: "bad", troubled: true },
  back: { word: "going back", sign: "~", tone: "warn", troubled: true },
  wentBack: { word: "went back", sign: "✗", tone: "warn", troubled: true },
  final: { word: "at no return", sign: "○", tone: "warn", troubled: true },
  running: { word: "running", sign: "~", tone: "strong" },
  waiting: { word: "waiting", sign: "·", tone: "dim" },
  ready: { word: "ready", sign: "○", tone: "good" },
  approved: { word: "approved", sign: "✔", tone: "good" },
  queued: { word: "queued", sign: "·", tone: "dim" },
  done: { word: "done", sign: "✔", tone: "good" },
  quiet: { word: "idle", sign: "·", tone: "dim" },
} as const satisfies Readonly<Record<string, Standing>>;

export type ListStanding = keyof typeof LIST_STANDINGS;

/** What a standing looks like. */
export function lookOf({ standing }: ListRow): Standing {
  return LIST_STANDINGS[standing];
}

/** All rows, in the order of the plan's troubles, which holds still while clusters move. */
export function allListRows(state: State): readonly ListRow[] {
  return isWatching(state) ? watchRows(state.plan, state.run) : reviewRows(state.plan, state.approved);
}

/** The rows that `b` and a search leave. */
export function listRows(state: State): readonly ListRow[] {
  return filtered(allListRows(state), state.query, state.blockedOnly);
}

const filtered = rememberLast((rows: readonly ListRow[], query: string, troubledOnly: boolean) => {
  const wanted = query.toLowerCase();
  return rows.filter(
    (row) =>
      (!troubledOnly || lookOf(row).troubled === true) &&
      (row.name.toLowerCase().includes(wanted) || row.wave?.toLowerCase().includes(wanted) === true),
  );
});

const reviewRows = rememberLast((plan: Plan, approved: ReadonlySet<string>) =>
  fleetRows(plan.clusters).map((row) => reviewRow(row, approved)),
);

function reviewRow(row: FleetRow, approved: ReadonlySet<string>): ListRow {
  const { cluster, standing, state } = row;
  const planned = plannedRow(row);
  const steps = clusterSteps(cluster);
  const yes = steps.filter((step) => approved.has(placeKey({ cluster, step }))).length;
  if (yes === 0) return planned;
  const all = yes === steps.length;
  // What is still in the way stays in view.
  const rest = all || !needsPerson(row) || standing === "final" ? "" : `, ${state}`;
  const said = all ? "approved" : `${yes} of ${steps.length} approved${rest}`;
  return { ...planned, standing: all ? "approved" : standing, state: said };
}

function plannedRow({ cluster, standing, state, move }: FleetRow): ListRow {
  const { name, wave } = cluster;
  const [next] = clusterSteps(cluster);
  const short = next !== undefined ? shortMove(next) : move === "" ? whereItIs(cluster) : move;
  return { name, wave: wave === null ? null : (wave.name ?? "none"), standing, move: short, state };
}

function shortMove({ action, authority, to }: Step): string {
  return action === "verify" ? `${authority} wait: ${to}` : `${authority} → ${to}`;
}

function whereItIs({ rotations }: ClusterPlan): string {
  const [first] = rotations;
  return first === undefined ? "" : `${first.authorities.join("+")} ${first.live_phase}`;
}

const watchRows = rememberLast((plan: Plan, run: Run): readonly ListRow[] => {
  const rows = fleetRows(plan.clusters);
  const known = new Set(rows.map(({ cluster }) => cluster.name));
  // Locked by others, or not what was approved: they are in no plan, and ended by themselves.
  const others = [...run.clusterEndings].filter(([name]) => !known.has(name));
  return [
    ...rows.map((row) => watchRow(row, run)),
    ...others.map(([name, ending]) => endedRow({ name, wave: null, move: "" }, ending)),
  ];
});

function watchRow(row: FleetRow, run: Run): ListRow {
  const planned = plannedRow(row);
  const track = activeTrackOf(run, planned.name);
  const step = track === undefined ? undefined : currentStep(track);
  const at = { ...planned, move: step === undefined ? planned.move : shortMove(step.step) };
  const ending = run.clusterEndings.get(planned.name);
  if (ending !== undefined) return endedRow(at, ending);
  if (track === undefined || track.state === "queued") return untouchedRow(planned, row.standing);
  return { ...at, ...movingState(track) };
}

function untouchedRow(planned: ListRow, standing: FleetStanding): ListRow {
  return standing === "ready" || standing === "final"
    ? { ...planned, standing: "queued", state: "waits for its turn" }
    : planned;
}

function endedRow(
  row: Pick<ListRow, "name" | "wave" | "move">,
  { outcome, message }: ClusterEnding,
): ListRow {
  switch (outcome) {
    case "applied":
      return { ...row, standing: "done", state: message };
    case "nothing-to-do":
      return { ...row, standing: "quiet", state: "nothing to do" };
    case "blocked":
      return { ...row, standing: "blocked", state: message };
    case "rolled-back":
    case "rollback-unfinished":
      return { ...row, standing: "wentBack", state: message };
    case "interrupted":
    case "failed":
    case "locked":
    case "stale":
      return { ...row, standing: "failed", state: `${outcome}: ${message}` };
  }
}

function movingState({
  state,
  reason,
  requested,
  waiting,
  steps,
}: Track): Pick<ListRow, "standing" | "state"> {
  switch (state) {
    case "queued":
    case "running":
      return {
        standing: "running",
        state: requested === null ? waitingWords(waiting) : `${requested} was asked for`,
      };
    case "rolling-back":
      return {
        standing: "back",
        state: waiting === null ? `rolls back: ${reason ?? ""}` : waitingWords(waiting),
      };
    case "done":
      return { standing: "running", state: "verified" };
    case "rolled-back":
      return { standing: "back", state: "rolled back" };
    case "blocked": {
      const step = steps.findLast((one) => one.state === "blocked")?.step;
      const finding = step === undefined ? undefined : failingGuards(step)[0]?.findings[0];
      const why = finding === undefined ? "" : `: ${finding.subject} ${finding.message}`;
      return { standing: "blocked", state: `${reason ?? "blocked"}${why}` };
    }
    case "failed":
      return { standing: "failed", state: reason ?? "failed" };
    case "stopped":
      return { standing: "failed", state: "stopped" };
  }
}

/** How many have followed, and who has not. */
function waitingWords(waiting: Waiting | null): string {
  if (waiting === null) return "runs";
  const total = waiting.progress.reduce((sum, kind) => sum + kind.total, 0);
  const ready = waiting.progress.reduce((sum, kind) => sum + kind.ready, 0);
  const [first, ...more] = [...waiting.laggards, ...waiting.probes.filter((probe) => !probe.ready)];
  const who = first === undefined ? [] : [`${first.subject} ${first.message}`];
  const others = more.length === 0 ? [] : [`${grouped(more.length)} more`];
  return [...(total === 0 ? [] : [`${grouped(ready)}/${grouped(total)}`]), ...who, ...others].join(", ");
}
