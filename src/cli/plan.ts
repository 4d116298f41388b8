import { planText } from "../render/plan-text.ts";
import { type ExitCode, exitOfPlan } from "./exit-code.ts";
import { observeAll, planFrom } from "./observe.ts";
import { type CommonOptions, directoryOf } from "./options.ts";
import { paintFor, type Terminal } from "./terminal.ts";
import { openPlatforms, openWorkspace } from "./workspace.ts";

/** `capstan plan`: compares git with the live clusters, changes nothing. */
export async function plan(
  terminal: Terminal,
  directory: string | undefined,
  options: CommonOptions,
): Promise<ExitCode> {
  const workspace = await openWorkspace(directoryOf(directory, options), options.cluster, terminal);
  const platforms = openPlatforms(workspace, terminal, options, new AbortController().signal);
  const observations = await observeAll(platforms);
  const made = await planFrom(workspace, observations, terminal.now());
  terminal.stdout.write(
    options.format === "json"
      ? `${JSON.stringify(made, null, 2)}\n`
      : planText(made, await paintFor(terminal.stdout, terminal.env, options.color)),
  );
  return exitOfPlan(made.outcome);
}
