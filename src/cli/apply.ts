import { hostname, userInfo } from "node:os";
import { apply as applyPlan } from "../apply/apply.ts";
import { systemClock } from "../apply/clock.ts";
import type { RunEvent, RunOutcome } from "../apply/event.ts";
import type { Approval, RunContext } from "../apply/run.ts";
import { eventText } from "../render/event-text.ts";
import { planText } from "../render/plan-text.ts";
import type { Plan } from "../rotation/plan.ts";
import { canDraw } from "../tui/can-draw.ts";
import { approvable, askApproval } from "./approval.ts";
import { type EventFile, openEventFile } from "./event-file.ts";
import { type ExitCode, exitOfRun } from "./exit-code.ts";
import { observeAll, planFrom } from "./observe.ts";
import { directoryOf } from "./options.ts";
import { applyOnScreen, type ScreenFlags } from "./screen.ts";
import { onSignals } from "./signals.ts";
import { canAsk, paintFor, type Terminal } from "./terminal.ts";
import { openPlatforms, openWorkspace } from "./workspace.ts";

export interface ApplyOptions extends ScreenFlags {
  readonly autoApprove?: boolean;
  readonly approveFinal?: boolean;
  readonly events?: string;
  readonly tui: boolean;
}

/** `capstan apply`: plans anew, asks or takes the flags for an answer, and walks. */
export async function apply(
  terminal: Terminal,
  directory: string | undefined,
  options: ApplyOptions,
): Promise<ExitCode> {
  const workspace = await openWorkspace(directoryOf(directory, options), options.cluster, terminal);
  const events = await openEventFile(options.events);
  const { stop, dispose } = onSignals(terminal);
  const platforms = openPlatforms(workspace, terminal, options, stop.signal);
  const context = {
    desired: workspace.desired,
    commit: workspace.commit,
    platforms,
    store: workspace.store,
    clock: { ...systemClock, now: () => terminal.now() },
    holder: holderOf(terminal, workspace.commit),
  };
  const onScreen =
    options.tui &&
    options.format === "text" &&
    options.autoApprove !== true &&
    canDraw(terminal.env, terminal);
  try {
    if (onScreen) {
      const emit = (event: RunEvent) => events.write(event);
      const recheck = async () => await planFrom(workspace, await observeAll(platforms), terminal.now());
      return exitOfRun(await applyOnScreen(terminal, workspace, options, context, { emit, stop, recheck }));
    }
    return exitOfRun(await applyAsText(terminal, options, context, stop.signal, events));
  } finally {
    dispose();
    await events.close();
  }
}

/** The plan and the ending on stdout, everything in between on stderr. */
async function applyAsText(
  terminal: Terminal,
  options: ApplyOptions,
  context: Omit<RunContext, "approve" | "emit" | "signal" | "turnBack">,
  signal: AbortSignal,
  events: EventFile,
): Promise<RunOutcome> {
  const out = await paintFor(terminal.stdout, terminal.env, options.color);
  const err = await paintFor(terminal.stderr, terminal.env, options.color);
  return await applyPlan({
    ...context,
    signal,
    turnBack: new AbortController().signal,
    approve,
    emit(event) {
      events.write(event);
      if (event.type === "plan" && options.format === "text")
        terminal.stdout.write(planText(event.plan, out));
      if (event.type === "finished" && options.format === "json") {
        terminal.stdout.write(`${JSON.stringify(event)}\n`);
      }
      const text = eventText(event, err);
      if (text !== null && options.quiet !== true) terminal.stderr.write(`${text}\n`);
    },
  });

  async function approve(plan: Plan): Promise<Approval | null> {
    const flags = {
      steps: new Set(options.autoApprove === true ? approvable(plan) : []),
      final: options.approveFinal === true,
    };
    if (!canAsk(terminal) || (flags.steps.size > 0 && flags.final)) return flags;
    return await askApproval(terminal, plan, flags, signal);
  }
}

function holderOf({ env }: Terminal, commit: string | null) {
  const who = env["GITHUB_ACTOR"] ?? userInfo().username;
  const at = commit === null ? "" : ` of commit ${commit.slice(0, 12)}`;
  return { who: `${who}@${hostname()}`, why: `capstan apply${at}` };
}
