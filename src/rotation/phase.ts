/**
 * The phase graph of a CA rotation (design, section 3; reference teleport-rotation 1.3).
 *
 *     standby --> init --> update_clients --> update_servers --> standby   (finished)
 *                   \            \                   \
 *                    +------------+-------------------+--> rollback --> standby   (rolled back)
 *
 * Teleport has the graph natively; on Talos capstan provides it.
 */

/** The five phases, in the order of the forward walk, the way back last. */
export const PHASES = ["standby", "init", "update_clients", "update_servers", "rollback"] as const;

/** One of `PHASES`, spelled as Teleport does in YAML, in records and in plans. */
export type Phase = (typeof PHASES)[number];

/** One legal or illegal move between two phases. */
export interface Edge {
  readonly from: Phase;
  readonly to: Phase;
}

/** The phases one legal edge away; repeating a phase is never legal (reference teleport-rotation 1.3). */
const NEXT: Readonly<Record<Phase, readonly Phase[]>> = {
  standby: ["init"],
  init: ["update_clients", "rollback"],
  update_clients: ["update_servers", "rollback"],
  update_servers: ["standby", "rollback"],
  rollback: ["standby"],
};

/** The forward walk, in order. The last entry is the standby *after* the rotation. */
export const WALK: readonly Phase[] = ["standby", "init", "update_clients", "update_servers", "standby"];

/** The phases that a rotation enters on it. */
export const FORWARD: readonly Phase[] = WALK.slice(1);

/** Whether a text is the name of a phase; `""` is none. */
export function isPhase(text: string): text is Phase {
  return (PHASES as readonly string[]).includes(text);
}

/** Whether an arrow of the graph above leads from one to the other. */
export function isLegalEdge({ from, to }: Edge): boolean {
  return NEXT[from].includes(to);
}

/** The phases that may follow `from`, for messages. */
export function legalNext(from: Phase): readonly Phase[] {
  return NEXT[from];
}

/** Dropping the old key: after this edge nothing but a new rotation brings it back. */
export function isPointOfNoReturn({ from, to }: Edge): boolean {
  return from === "update_servers" && to === "standby";
}

/**
 * The edges from a live phase to the wanted one along the forward walk, in order.
 * `standby` as a source means "not started", as a goal "finished".
 * Empty when the goal is where we are, `null` when it lies behind or off the walk.
 */
export function walkBetween(from: Phase, goal: Phase): readonly Edge[] | null {
  const start = from === "standby" ? 0 : WALK.indexOf(from);
  const end = goal === "standby" ? WALK.length - 1 : WALK.indexOf(goal);
  if (start < 0 || end < 0 || end < start) return null;
  return WALK.slice(start, end).map((phase, offset) => ({
    from: phase,
    to: WALK[start + offset + 1] as Phase,
  }));
}

/** The edges that undo a rotation in progress: into rollback, then out of it. */
export function rollbackFrom(phase: Phase): readonly Edge[] {
  if (phase === "standby") return [];
  const leave: Edge = { from: "rollback", to: "standby" };
  return phase === "rollback" ? [leave] : [{ from: phase, to: "rollback" }, leave];
}

/** A move towards the new key; rollback and what follows it is the way out, and stays open. */
export function isForward({ from, to }: Edge): boolean {
  return from !== "rollback" && to !== "rollback";
}

/** A move that leaves a phase of a rotation in progress. */
export function leavesMiddlePhase({ from, to }: Edge): boolean {
  return from !== "standby" && from !== to;
}

/** How far along the forward walk a phase is: 0 for standby before it, -1 for rollback, which is off the walk. */
export function placeOnWalk(phase: Phase): number {
  return WALK.indexOf(phase);
}

/** How far along an edge leads, counted over the walk, then into rollback, then out of it. */
export function rankOfEdge({ from, to }: Edge): number {
  if (from === "rollback" && to === "standby") return WALK.length + 1;
  return to === "rollback" ? WALK.length : WALK.indexOf(to, 1);
}

/** The order in which a rotation can come to the work of a phase: that of standby follows its end, whichever it is. */
export function rankOfWork(phase: Phase): number {
  return [...WALK.slice(1, -1), "rollback", "standby"].indexOf(phase);
}
