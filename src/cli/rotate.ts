import type { ValuesOf } from "../flag.ts";
import { apiSpelling } from "../profile/authority-type.ts";
import { paragraph } from "../views/text/columns.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { ROTATE_ADOPT, ROTATE_START } from "./commands/rotate-rows.ts";
import { afterEdit } from "./edited-file.ts";
import type { ExitCode } from "./exit-code.ts";
import { adopt } from "./rotate-adopt.ts";
import { move } from "./rotate-move.ts";
import type { Request, RotateOptions } from "./rotate-request.ts";
import { start } from "./rotate-start.ts";
import type { Terminal } from "./terminal.ts";
import { onlyCluster, openWorkspace } from "./workspace.ts";

/** `capstan rotate start`. */
export async function rotateStart(
  terminal: Terminal,
  types: string,
  options: ValuesOf<typeof ROTATE_START.flags>,
): Promise<ExitCode> {
  return await edit(terminal, types, options, start);
}

/** `capstan rotate adopt`. */
export async function rotateAdopt(
  terminal: Terminal,
  types: string,
  options: ValuesOf<typeof ROTATE_ADOPT.flags>,
): Promise<ExitCode> {
  return await edit(terminal, types, options, adopt);
}

/** `capstan rotate advance`. */
export async function rotateAdvance(
  terminal: Terminal,
  types: string,
  options: CommonOptions,
): Promise<ExitCode> {
  return await edit(terminal, types, options, (request) => move(request, "advance"));
}

/** `capstan rotate finish`. */
export async function rotateFinish(
  terminal: Terminal,
  types: string,
  options: CommonOptions,
): Promise<ExitCode> {
  return await edit(terminal, types, options, (request) => move(request, "finish"));
}

/** `capstan rotate rollback`. */
export async function rotateRollback(
  terminal: Terminal,
  types: string,
  options: CommonOptions,
): Promise<ExitCode> {
  return await edit(terminal, types, options, (request) => move(request, "rollback"));
}

/** Edits the YAML for a commit, keeping comments, and says so. The cluster is asked only for what git lacks. */
async function edit(
  terminal: Terminal,
  types: string,
  options: RotateOptions,
  verb: (request: Request) => Promise<readonly string[]>,
): Promise<ExitCode> {
  const workspace = await openWorkspace(options.directory, options, terminal, "folder");
  const cluster = onlyCluster(workspace).name;
  const edited = await verb({
    terminal,
    workspace,
    options,
    types: types.split(",").map(apiSpelling),
    cluster,
  });
  for (const line of edited) terminal.stdout.write(`${paragraph(line, "", "  ")}\n`);
  return afterEdit(terminal);
}
