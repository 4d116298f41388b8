import { hostname, userInfo } from "node:os";
import { apply as applyPlan } from "../apply/apply.ts";
import { systemClock } from "../apply/clock.ts";
import type { RunEvent } from "../apply/event.ts";
import type { Approval } from "../apply/run.ts";
import { eventText } from "../render/event-text.ts";
import { planText } from "../render/plan-text.ts";
import type { Plan } from "../rotation/plan.ts";
import { askApproval } from "./approval.ts";
import { openEventFile } from "./event-file.ts";
import { type ExitCode, exitOfRun } from "./exit-code.ts";
import { type CommonOptions, directoryOf } from "./options.ts";
import { onSignals } from "./signals.ts";
import { canAsk, paintFor, type Terminal } from "./terminal.ts";
import { openPlatforms, openWorkspace } from "./workspace.ts";

export interface ApplyOptions extends CommonOptions {
  readonly autoApprove?: boolean;
  readonly approveFinal?: boolean;
  readonly events?: string;
}

/** `capstan apply`: plans anew, asks or takes the flags for an answer, and walks. */
export async function apply(
  terminal: Terminal,
  directory: string | undefined,
  options: ApplyOptions,
): Promise<ExitCode> {
  const workspace = await openWorkspace(directoryOf(directory, options), options.cluster, terminal);
  const out = await paintFor(terminal.stdout, terminal.env, options.color);
  const err = await paintFor(terminal.stderr, terminal.env, options.color);
  const events = await openEventFile(options.events);
  const { signal, dispose } = onSignals(terminal);
  const said: RunEvent[] = [];
  try {
    const outcome = await applyPlan({
      desired: workspace.desired,
      commit: workspace.commit,
      platforms: openPlatforms(workspace, terminal, options, signal),
      store: workspace.store,
      clock: { ...systemClock, now: () => terminal.now() },
      signal,
      holder: holderOf(terminal, workspace.commit),
      approve: (plan) => approve(plan),
      emit(event) {
        said.push(event);
        events.write(event);
        if (event.type === "plan" && options.format === "text")
          terminal.stdout.write(planText(event.plan, out));
        const text = eventText(event, err);
        if (text !== null && options.quiet !== true) terminal.stderr.write(`${text}\n`);
      },
    });
    const [ending] = said.filter((event) => event.type === "finished");
    if (options.format === "json") terminal.stdout.write(`${JSON.stringify(ending)}\n`);
    return exitOfRun(outcome);
  } finally {
    dispose();
    await events.close();
  }

  async function approve(plan: Plan): Promise<Approval> {
    const flags = { ordinary: options.autoApprove === true, final: options.approveFinal === true };
    if (!canAsk(terminal) || (flags.ordinary && flags.final)) return flags;
    return await askApproval(terminal, plan, flags, signal);
  }
}

function holderOf({ env }: Terminal, commit: string | null) {
  const who = env["GITHUB_ACTOR"] ?? userInfo().username;
  const at = commit === null ? "" : ` of commit ${commit.slice(0, 12)}`;
  return { who: `${who}@${hostname()}`, why: `capstan apply${at}` };
}
