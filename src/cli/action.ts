import { setTimeout as delay } from "node:timers/promises";
import type { RunEvent } from "../apply/event.ts";
import { type ActionContext, forgeOfJob, readActionContext } from "../forge/action-context.ts";
import type { ActionDoors, ActionWorld, AppliedRun, EndedPlan, PlannedRun } from "../forge/action-doors.ts";
import { forgeWords } from "../forge/forge-words.ts";
import { type JobLog, openJobLog, openPlainLog } from "../forge/job-log.ts";
import { openForge } from "../forge/open-forge.ts";
import { runAction } from "../forge/run-action.ts";
import type { BoundPlan } from "../planner/saved/plan-file.ts";
import { plainPaint } from "../views/text/paint.ts";
import { planText } from "../views/text/plan-text.ts";
import { apply } from "./apply.ts";
import { approvalPolicy } from "./approval-policy.ts";
import { PARALLEL } from "./commands/common-flags.ts";
import { EXIT, type ExitCode, exitOfPlan } from "./exit-code.ts";
import { planDirectory } from "./plan-directory.ts";
import { report } from "./report.ts";
import { streamOf, type Terminal } from "./terminal.ts";

/**
 * `capstan action MODE`: what `.github/actions/capstan` runs, and a job on another forge; everything else it is told by
 * the environment. All that is printed, errors as well, goes through one stream on which a runner hears no commands.
 */
export async function action(outside: Terminal, mode: string): Promise<ExitCode> {
  const { stdout } = outside;
  const open = forgeOfJob(outside.env) === "GitLab" ? openPlainLog : openJobLog;
  const log = open((text) => stdout.write(text));
  const quiet = streamOf(stdout, (text) => log.print(text));
  const terminal: Terminal = {
    ...outside,
    stdin: outside.stdin,
    stdout: quiet,
    // The runner reads two streams in no order: on the other one it would hear what is not to be heard.
    stderr: quiet,
    now: () => outside.now(),
  };
  try {
    return await run(terminal, mode, log);
  } catch (error) {
    return await report(error, terminal, { asJson: false, cluster: null });
  } finally {
    log.close();
  }
}

async function run(terminal: Terminal, mode: string, log: JobLog): Promise<ExitCode> {
  const context = await readActionContext(mode, terminal.env);
  const { forge: name, token, apiUrl, repository } = context;
  const annotate: ActionWorld["annotate"] = (kind, message) => log.annotate(kind, message);
  if (token === null) annotate("notice", forgeWords(name).tokenless);
  const forge =
    token === null
      ? null
      : openForge({
          forge: name,
          token,
          apiUrl,
          repository,
          author: context.inputs.commentAuthor,
          now: () => terminal.now(),
          sleep: async (ms) => void (await delay(ms)),
          notice: (message) => annotate("notice", message),
        });
  const world: ActionWorld = { forge, print: (text) => log.print(text), annotate };
  const code = await runAction(context, doorsOf(terminal, context), world);
  return Object.values(EXIT).find((exit) => exit === code) ?? EXIT.error;
}

function doorsOf(terminal: Terminal, { mode, inputs }: ActionContext): ActionDoors {
  const { directory, cluster, base, planFile, approveFinal } = inputs;
  const common = {
    directory,
    format: "text",
    color: false,
    ...(cluster === null ? {} : { cluster: cluster.split(/[\s,]+/) }),
  } as const;
  return {
    policy: (before) => approvalPolicy(terminal, directory, before),
    async plan(expect): Promise<EndedPlan> {
      const made = await planDirectory(terminal, directory, {
        ...common,
        ...(expect.length === 0 ? {} : { expect }),
        ...(base === null || mode !== "plan" ? {} : { base }),
        ...(planFile === null ? {} : { out: planFile }),
      });
      terminal.stdout.write(planText(made.plan, plainPaint));
      return {
        plan: made.plan,
        fingerprint: made.fingerprint,
        exit: exitOfPlan(made.plan),
        ...(made.base === null ? {} : { diff: made.base.diff }),
        ...(planFile === null ? {} : { planFile }),
      };
    },
    async apply(expect): Promise<AppliedRun> {
      const heard = new Heard();
      const options = {
        ...common,
        autoApprove: true,
        parallel: Number(PARALLEL.default),
        ...(approveFinal ? { approveFinal: [""] } : {}),
        tui: false,
        ...(expect.length === 0 ? {} : { expect }),
      };
      const exit = await apply(terminal, planFile ?? undefined, options, heard);
      return { exit, ...heard.ending, planned: heard.planned };
    },
  };
}

/** What a run said, for the summary. */
class Heard {
  planned: PlannedRun | null = null;
  ending: Pick<AppliedRun, "outcome" | "message"> = { outcome: "error", message: "" };

  onPlan({ plan }: BoundPlan): void {
    this.planned = { plan, fingerprint: plan.fingerprint };
  }

  onEvent(event: RunEvent): void {
    if (event.type === "finished") this.ending = { outcome: event.outcome, message: event.message };
  }
}
