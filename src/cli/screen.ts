import type { Approval } from "../apply/approval.ts";
import type { RunContext } from "../apply/context.ts";
import type { RunEvent, RunOutcome } from "../apply/event.ts";
import { applyPlan } from "../apply/run.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { Plan } from "../rotation/plan.ts";
import { askingChange } from "./asking-change.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { PLAN } from "./commands/plan-rows.ts";
import { eventQueue } from "./event-queue.ts";
import { runText } from "./run-text.ts";
import type { Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

/** The shared flags, and whether the screen is to be sentences for people who hear it. */
export type ScreenOptions = CommonOptions & Pick<ValuesOf<typeof PLAN.flags>, "screenReader">;

/** A plan, and what was observed for it. */
interface Looked {
  readonly plan: Plan;
  readonly observations: readonly ClusterObservation[];
}

/** Shows a plan until the person leaves; `look` looks again and plans anew, `null` where there is nothing to look at. */
export async function showPlan(
  terminal: Terminal,
  workspace: Workspace,
  options: ScreenOptions,
  { plan, observations }: Looked,
  look: (() => Promise<Looked>) | null,
): Promise<void> {
  const { review } = await import("../views/tui/on-screen.tsx");
  await review({
    ...(look === null ? {} : { look: async () => onScreen(await look()) }),
    ...drawing(terminal, options),
    plan,
    diff: await askingChange(workspace),
    components: componentsOf(observations),
  });
}

/** Runs an apply on the screen: review, approval, then the watch. What was approved is re-checked before it starts. */
export async function applyOnScreen(
  terminal: Terminal,
  workspace: Workspace,
  options: ScreenOptions,
  context: Omit<RunContext, "approve" | "emit" | "signal" | "turnBackOf">,
  rim: {
    readonly emit: (event: RunEvent) => void;
    readonly stop: AbortController;
    /** Looks at these clusters again, and plans anew. */
    readonly recheck: (clusters: readonly string[]) => Promise<Looked>;
  },
): Promise<RunOutcome> {
  const { reviewAndApprove, watch } = await import("../views/tui/on-screen.tsx");
  const turnBacks = new Map<string, AbortController>();
  const turnBackOf = (cluster: string): AbortController => {
    const known = turnBacks.get(cluster) ?? new AbortController();
    turnBacks.set(cluster, known);
    return known;
  };
  const events = eventQueue();
  let watching: Promise<void> | undefined;
  let reviewed = false;
  // What no watch shows, as there was nothing to approve or nothing was approved, is said as text in the end.
  const unseen: RunEvent[] = [];
  const approve = async (
    plan: Plan,
    observations: readonly ClusterObservation[],
  ): Promise<Approval | null> => {
    const leave = new AbortController();
    const said = await reviewAndApprove({
      ...drawing(terminal, options),
      plan,
      diff: await askingChange(workspace),
      components: componentsOf(observations),
      signal: AbortSignal.any([rim.stop.signal, leave.signal]),
      // What moved is shown, for a new approval; but a plan that was approved elsewhere is over then.
      recheck: () =>
        rim.recheck(plan.clusters.map(({ name }) => name)).then(onScreen, (error: unknown) => {
          if (error instanceof Failure && error.code === "stale") leave.abort(error);
          throw error;
        }),
    });
    reviewed = true;
    leave.signal.throwIfAborted();
    if (said === null) return null;
    watching = watch({
      ...drawing(terminal, options),
      plan,
      events,
      onRollback: ({ cluster }) => turnBackOf(cluster).abort(),
      onStop: () => rim.stop.abort(),
    });
    return said;
  };
  try {
    return await applyPlan({
      ...context,
      signal: rim.stop.signal,
      turnBackOf: (cluster) => turnBackOf(cluster).signal,
      approve,
      emit(event) {
        rim.emit(event);
        events.push(event);
        if (watching === undefined) unseen.push(event);
      },
    });
  } finally {
    events.end();
    await watching;
    if (watching === undefined) {
      const tell = await runText(terminal, options, context.platforms.size > 1);
      for (const event of unseen) if (event.type !== "plan" || !reviewed) tell(event);
    }
  }
}

function drawing(terminal: Terminal, { color, screenReader }: ScreenOptions) {
  const { stdin, stdout, env } = terminal;
  return {
    stdin,
    stdout,
    colours: color && !env["NO_COLOR"],
    screenReader: screenReader === true,
    now: () => terminal.now(),
  };
}

function onScreen({ plan, observations }: Looked) {
  return { plan, components: componentsOf(observations) };
}

function componentsOf(observations: readonly ClusterObservation[]) {
  return new Map(observations.map(({ cluster, components }) => [cluster, components]));
}
