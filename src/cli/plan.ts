import { resolve } from "node:path";
import { planText } from "../render/plan-text.ts";
import type { ClusterObservation } from "../rotation/observation.ts";
import { canDraw } from "../tui/can-draw.ts";
import { type ExitCode, exitOfPlan } from "./exit-code.ts";
import { readObservations, writeObservations } from "./observations-file.ts";
import { observeAll, planFrom } from "./observe.ts";
import { directoryOf } from "./options.ts";
import { type ScreenFlags, showPlan } from "./screen.ts";
import { paintFor, type Terminal } from "./terminal.ts";
import { openPlatforms, openWorkspace, type Workspace } from "./workspace.ts";

export interface PlanOptions extends ScreenFlags {
  readonly interactive?: boolean;
  readonly observations?: string;
}

/** `capstan plan`: compares git with the live clusters, changes nothing. */
export async function plan(
  terminal: Terminal,
  directory: string | undefined,
  options: PlanOptions,
): Promise<ExitCode> {
  const workspace = await openWorkspace(directoryOf(directory, options), options.cluster, terminal);
  const observations = await observationsFor(terminal, workspace, options);
  const made = await planFrom(workspace, observations, terminal.now());
  if (options.interactive === true && options.format === "text" && canDraw(terminal.env, terminal)) {
    await showPlan(terminal, workspace, options, made, observations);
    return exitOfPlan(made.outcome);
  }
  terminal.stdout.write(
    options.format === "json"
      ? `${JSON.stringify(made, null, 2)}\n`
      : planText(made, await paintFor(terminal.stdout, terminal.env, options.color)),
  );
  return exitOfPlan(made.outcome);
}

/** From the clusters, or from a file of an earlier look; a file that is not there yet is written. */
async function observationsFor(
  terminal: Terminal,
  workspace: Workspace,
  options: PlanOptions,
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
