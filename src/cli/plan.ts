import type { ValuesOf } from "../flag.ts";
import { harmlessLine } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { planMarkdown } from "../views/markdown/plan-markdown.ts";
import { paragraph } from "../views/text/columns.ts";
import { planText } from "../views/text/plan-text.ts";
import { canDraw } from "../views/tui/can-draw.ts";
import { directoryOf } from "./commands/common-flags.ts";
import type { PLAN } from "./commands/plan-rows.ts";
import { type ExitCode, exitOfPlan } from "./exit-code.ts";
import { STREAM } from "./named-plan-file.ts";
import { sayWhoseRecord } from "./open-record.ts";
import { printPaged } from "./paged.ts";
import { type MadePlan, planDirectory } from "./plan-directory.ts";
import { showPlan } from "./screen.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** What was typed. */
type PlanOptions = ValuesOf<typeof PLAN.flags>;

/** `capstan plan`: compares git with the live clusters, changes nothing. */
export async function plan(
  terminal: Terminal,
  directory: string | undefined,
  options: PlanOptions,
): Promise<ExitCode> {
  const made = await planDirectory(terminal, directoryOf(directory, options), options);
  if (made.about !== null && options.format === "json")
    terminal.stderr.write(`${harmlessLine(made.about)}\n`);
  // Then the file itself is what is printed.
  if (options.out === STREAM) return exitOfPlan(made.plan);
  if (options.interactive === true && options.format === "text" && canDraw(terminal.env, terminal)) {
    const { out: _, ...again } = options;
    const look = () => planDirectory(terminal, directoryOf(directory, options), again);
    await showPlan(terminal, made.workspace, options, made, options.observations === undefined ? look : null);
  } else {
    const text = await planAs(made, terminal, options);
    if (options.format === "text") await printPaged(terminal, text);
    else terminal.stdout.write(text);
    // Where nothing is to be done, nothing is remembered either.
    if (made.plan.outcome !== "no_changes") await sayWhoseRecord(made.workspace, terminal, options);
  }
  return exitOfPlan(made.plan);
}

async function planAs(
  { plan, fingerprint, base, about }: MadePlan,
  terminal: Terminal,
  options: PlanOptions,
): Promise<string> {
  switch (options.format) {
    case "json":
      return `${jsonText(plan)}\n`;
    case "markdown":
      return planMarkdown(plan, {
        fingerprint,
        ...(about === null ? {} : { about }),
        ...(base === null ? {} : { diff: base.diff }),
        ...(options.out === undefined ? {} : { planFile: options.out }),
      });
    case "text":
      return `${about === null ? "" : `${paragraph(harmlessLine(about), "")}\n\n`}${planText(plan, await paintFor(terminal.stdout, terminal.env, options.color))}`;
  }
}
