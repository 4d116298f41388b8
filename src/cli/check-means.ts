import type { CheckMeans } from "../checks/run/try-call.ts";
import { createRunner } from "../process/runner.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

/** What checks are run with: started in the folder of the resources, with the credentials of the environment alone. */
export function checkMeans(
  { folder }: Pick<Workspace, "folder">,
  terminal: Terminal,
  options: CommonOptions,
  signal: AbortSignal,
): CheckMeans {
  const trace = (line: string) => {
    terminal.stderr.write(`${line}\n`);
  };
  return {
    runner: createRunner({ ...(options.verbose === true ? { trace } : {}), cwd: folder }),
    now: () => terminal.now(),
    signal,
    env: terminal.env,
  };
}
