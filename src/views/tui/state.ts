import type { RunEvent } from "../../apply/event.ts";
import type { Components } from "../../rotation/observation.ts";
import type { Plan } from "../../rotation/plan.ts";
import { fleetRows } from "../facts/fleet-rows.ts";
import { type Run, startRun } from "../run/run-state.ts";
import { FRESH_GATE, type Gate } from "./gate.ts";
import { firstRow, type ListPlace } from "./rows.ts";

/**
 * `read`: look at a plan. `approve`: look and approve. `watch`: a run that goes on. `replay`: one that is over,
 * played again.
 */
type Mode = "read" | "approve" | "watch" | "replay";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Nothing smaller shows a plan well enough to approve it. */
export const SMALLEST: Size = { columns: 60, rows: 20 };

/** The commit that asks for the plan. */
export interface GitDiff {
  readonly commit: string | null;
  readonly author: string | null;
  /** ISO 8601. */
  readonly authoredAt: string | null;
  /** First line of the message. */
  readonly subject: string | null;
  /** Unified diff of the resources. */
  readonly text: string;
}

/** What the right-hand side of the review shows. */
export const DETAIL_VIEWS = ["step", "diff", "keys", "components"] as const;
export type DetailView = (typeof DETAIL_VIEWS)[number];

/** The components of each cluster by its name, as observed. */
export type ComponentLists = ReadonlyMap<string, Components>;

/** What looking again has shown: the plan that is made of it, and who was seen. */
export interface NewLook {
  readonly plan: Plan;
  readonly components?: ComponentLists;
}

/**
 * Everything that is on the screen. Time comes in by ticks only, so that a state depends on nothing but the plan,
 * the events and the keys.
 */
export interface State {
  readonly mode: Mode;
  readonly plan: Plan;
  readonly diff: GitDiff | null;
  readonly components: ComponentLists;
  readonly size: Size;
  /** Milliseconds since the epoch, whole seconds. */
  readonly now: number;
  readonly status: Status;
  /** The list of clusters, where there are several; `null` where there is one, or none. */
  readonly list: ListPlace | null;
  /** Row of the tree. */
  readonly selected: string;
  readonly folded: ReadonlySet<string>;
  readonly blockedOnly: boolean;
  readonly focus: "tree" | "detail";
  readonly view: DetailView;
  /** First visible row of the text at the right, or the selected one of a list. */
  readonly at: number;
  readonly query: string;
  readonly searching: boolean;
  readonly dialog: Dialog | null;
  /** One sentence above the keys, gone with the next key. */
  readonly notice: string | null;
  /** Keys of approved steps (`placeKey`) and overrides (`overrideKey`). */
  readonly approved: ReadonlySet<string>;
  readonly run: Run;
  /** Track that a person looks at; `null` follows the run. */
  readonly track: number | null;
  /** What a person wants of the run; the newest rollback comes last. */
  readonly asked: { readonly rollbacks: readonly RollbackTarget[]; readonly stop: boolean };
  readonly replay: Replay | null;
  /** What was copied last, and how many times something was: every time it goes to the terminal. */
  readonly copied: { readonly text: string; readonly times: number } | null;
  /** Somebody looks at the clusters when a person asks for it. */
  readonly canLook: boolean;
}

/** `looking`: at the clusters, as a person asked. `rechecking`: approved, and being compared with the clusters. `agreed`: and nothing moved. */
type Status = "open" | "looking" | "rechecking" | "agreed" | "left";

/** A recorded run, and how much of it has been played. */
export interface Replay {
  readonly events: readonly RunEvent[];
  readonly played: number;
  /** Time of the run, milliseconds since the epoch. */
  readonly clock: number;
  readonly speed: number;
  readonly paused: boolean;
}

/** How a question begins: not drawn, not read, not answered. */
export const FRESH = { top: 0, gate: FRESH_GATE } as const;

/** `top` is the first visible row of its text: a question that is longer than the screen scrolls. */
export type Dialog = { readonly top: number } & (
  | { readonly kind: "help" }
  /** Why something cannot be done. */
  | { readonly kind: "refused"; readonly title: string; readonly reasons: readonly string[] }
  | Question
);

/** What is answered, and only with care. */
export type Question = { readonly gate: Gate } & (
  | /** `y` approves these ordinary steps (`placeKey`) and overrides (`overrideKey`). */
  { readonly kind: "approve"; readonly approves: readonly string[] }
  /** The cluster's name approves the point of no return, and the override entries that go with it. */
  | {
      readonly kind: "final";
      readonly step: string;
      readonly overrides: readonly string[];
      readonly typed: string;
    }
  /** `y` hands over what was approved. */
  | { readonly kind: "start" }
  /** What moved while somebody was reading. */
  | { readonly kind: "moved"; readonly differences: readonly string[] }
  /** `y` rolls back what was on the screen when it was asked. */
  | { readonly kind: "rollback"; readonly target: RollbackTarget }
);

/** What a rollback is asked for. */
export interface RollbackTarget {
  readonly cluster: string;
  readonly rotation: string;
  readonly authority: string;
}

export type FinalDialog = Extract<Dialog, { kind: "final" }>;

/** A key as a person sees it: one printable character, or a name. */
export interface Key {
  readonly name: string;
  /** It may become text: a search, a cluster's name. */
  readonly printable: boolean;
}

interface Start {
  readonly mode: Mode;
  readonly plan: Plan;
  readonly diff?: GitDiff | null;
  readonly components?: ComponentLists;
  readonly size: Size;
  readonly now: number;
  readonly canLook?: boolean;
}

export function startState({
  mode,
  plan,
  diff = null,
  components = new Map(),
  size,
  now,
  canLook = false,
}: Start): State {
  return {
    mode,
    plan,
    diff,
    components,
    size,
    now: wholeSeconds(now),
    status: "open",
    list: listOf(plan),
    selected: firstRow(plan, null),
    folded: new Set(),
    blockedOnly: false,
    focus: "tree",
    view: "step",
    at: 0,
    query: "",
    searching: false,
    dialog: null,
    notice: null,
    approved: new Set(),
    run: startRun(plan),
    track: null,
    asked: { rollbacks: [], stop: false },
    replay: null,
    copied: null,
    canLook,
  };
}

/** The list as it begins: at the worst cluster, none opened. */
function listOf({ clusters }: Plan): ListPlace | null {
  const [worst] = clusters.length > 1 ? fleetRows(clusters) : [];
  return worst === undefined ? null : { selected: worst.cluster.name, opened: null };
}

/** The state with another plan; where a person is in its list stays, as far as that is still there. */
export function withPlan(state: State, plan: Plan): State {
  if (plan === state.plan) return state;
  const fresh = listOf(plan);
  const has = (name: string | null) =>
    name === null || plan.clusters.some((cluster) => cluster.name === name);
  const kept = fresh !== null && state.list !== null && has(state.list.selected) && has(state.list.opened);
  return { ...state, plan, list: kept ? state.list : fresh };
}

/** The list of clusters is on the screen, and none of them is opened. */
export function isListing({ list }: Pick<State, "list">): boolean {
  return list !== null && list.opened === null;
}

export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** A run is on the screen, not a review. */
export function isWatching({ mode }: Pick<State, "mode">): boolean {
  return mode === "watch" || mode === "replay";
}

/** Then the screen says so, and shows nothing that could be approved. */
export function isTooSmall({ columns, rows }: Size): boolean {
  return columns < SMALLEST.columns || rows < SMALLEST.rows;
}
