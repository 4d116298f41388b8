import { resolve } from "node:path";
import { bindingOf, fingerprintOf } from "../planner/fingerprint.ts";
import { type BoundPlan, requireExpected } from "../planner/plan-file.ts";
import { jsonText } from "../render/json-text.ts";
import { planMarkdown } from "../render/markdown/plan-markdown.ts";
import { planText } from "../render/plan-text.ts";
import type { ClusterObservation } from "../rotation/observation.ts";
import type { Plan } from "../rotation/plan.ts";
import { canDraw } from "../tui/can-draw.ts";
import { type Base, basePlan, compareWithBase } from "./base.ts";
import { type ExitCode, exitOfPlan } from "./exit-code.ts";
import { readObservations, writeObservations } from "./observations-file.ts";
import { observeAll, planFrom } from "./observe.ts";
import { type CommonOptions, directoryOf } from "./options.ts";
import { writePlanFile } from "./plan-file.ts";
import { type ScreenFlags, showPlan } from "./screen.ts";
import { paintFor, type Terminal } from "./terminal.ts";
import { openPlatforms, openWorkspace, type Workspace } from "./workspace.ts";

/** What a plan is made of. */
export interface MakeOptions extends CommonOptions {
  readonly observations?: string;
  /** A commit to compare git with. */
  readonly base?: string;
  /** The fingerprint that was approved. */
  readonly expect?: string;
  /** Where the plan file is written. */
  readonly out?: string;
}

export interface PlanOptions extends MakeOptions, ScreenFlags {
  readonly interactive?: boolean;
}

/** A plan, with what it was made of. */
export interface MadePlan extends BoundPlan {
  readonly workspace: Workspace;
  readonly observations: readonly ClusterObservation[];
  readonly fingerprint: string;
  /** `null` when it was compared with nothing. */
  readonly base: Base | null;
}

/** `capstan plan`: compares git with the live clusters, changes nothing. */
export async function plan(
  terminal: Terminal,
  directory: string | undefined,
  options: PlanOptions,
): Promise<ExitCode> {
  const made = await makePlan(terminal, directoryOf(directory, options), options);
  if (options.interactive === true && options.format === "text" && canDraw(terminal.env, terminal)) {
    await showPlan(terminal, made.workspace, options, made.plan, made.observations);
  } else terminal.stdout.write(await planAs(made, terminal, options));
  return exitOfPlan(made.plan.outcome);
}

/** Observes, plans, compares, and writes the plan file where one is asked for; prints nothing on stdout. */
export async function makePlan(
  terminal: Terminal,
  directory: string,
  options: MakeOptions,
): Promise<MadePlan> {
  const workspace = await openWorkspace(directory, options.cluster, terminal);
  const [observations, base] = await Promise.all([
    observationsFor(terminal, workspace, options),
    options.base === undefined ? null : compareWithBase(workspace.folder, options.base, workspace, terminal),
  ]);
  const live = await planFrom(workspace, observations, terminal.now());
  const plan = base === null ? live : against(live, base);
  const bound = { plan, binding: bindingOf(workspace.desired, observations) };
  if (options.expect !== undefined) requireExpected(options.expect, bound);
  if (options.out !== undefined) await writePlanFile(terminal, options.out, bound);
  const fingerprint = fingerprintOf(bound.binding);
  if (options.out !== undefined && options.quiet !== true) {
    terminal.stderr.write(`wrote ${options.out}, fingerprint ${fingerprint}\n`);
  }
  return { ...bound, workspace, observations, fingerprint, base };
}

/** A change that no rotation can make blocks the plan, however ready the live cluster is. */
function against(plan: Plan, base: Base): Plan {
  const refused = base.findings.some(({ severity }) => severity === "error");
  return { ...plan, outcome: refused ? "blocked" : plan.outcome, base: basePlan(base) };
}

async function planAs(
  { plan, fingerprint, base }: MadePlan,
  terminal: Terminal,
  options: PlanOptions,
): Promise<string> {
  switch (options.format) {
    case "json":
      return `${jsonText(plan)}\n`;
    case "markdown":
      return planMarkdown(plan, {
        fingerprint,
        ...(base === null ? {} : { diff: base.diff }),
        ...(options.out === undefined ? {} : { planFile: options.out }),
      });
    case "text":
      return planText(plan, await paintFor(terminal.stdout, terminal.env, options.color));
  }
}

/** From the clusters, or from a file of an earlier look; a file that is not there yet is written. */
async function observationsFor(
  terminal: Terminal,
  workspace: Workspace,
  options: MakeOptions,
): Promise<readonly ClusterObservation[]> {
  const file = options.observations === undefined ? null : resolve(terminal.cwd, options.observations);
  const saved = file === null ? null : await readObservations(file);
  if (saved !== null) {
    for (const { cluster, observedAt } of saved) {
      terminal.stderr.write(`${cluster} as it was observed at ${observedAt}\n`);
    }
    return saved.filter(({ cluster }) => workspace.clusters.some(({ name }) => name === cluster));
  }
  const platforms = openPlatforms(workspace, terminal, options, new AbortController().signal);
  const observations = await observeAll(platforms);
  if (file !== null) await writeObservations(file, observations);
  return observations;
}
