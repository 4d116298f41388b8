import { sideBySide } from "../apply/side-by-side.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { isSelecting } from "../fleet/selection.ts";
import { apiSpelling } from "../profile/authority-type.ts";
import { namingCluster } from "../rotation/remedy-command.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { ROTATE_ADOPT, ROTATE_START } from "./commands/rotate-rows.ts";
import { sayLeftOut, sayWritten } from "./edit-report.ts";
import { afterEdit } from "./edited-file.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { adopt } from "./rotate-adopt.ts";
import { move } from "./rotate-move.ts";
import { campaignName, type Request, type RotateOptions } from "./rotate-request.ts";
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

const AT_ONCE = 10;

/**
 * Edits the YAML for a commit, keeping comments, and says so. The cluster is asked only for what git lacks. Of several
 * that were selected, a campaign, each is edited by itself, and those that could not be are named at the end.
 */
async function edit(
  terminal: Terminal,
  types: string,
  options: RotateOptions,
  verb: (request: Request) => Promise<readonly string[]>,
): Promise<ExitCode> {
  const workspace = await openWorkspace(options.directory, options, terminal, "folder");
  const several = workspace.desired.clusters.length > 1;
  const request = {
    terminal,
    workspace,
    options,
    types: types.split(",").map(apiSpelling),
    newName: options.name,
  };
  if (workspace.clusters.length === 1 || !isSelecting(options)) {
    const cluster = onlyCluster(workspace).name;
    try {
      const lines = await verb({ ...request, cluster });
      sayWritten(terminal, ...(several ? lines.map((text) => namingCluster(text, cluster)) : lines));
    } catch (error) {
      throw several && error instanceof Failure ? failureNaming(error, cluster) : error;
    }
    return afterEdit(terminal);
  }
  const newName = options.name ?? (await campaignName(workspace, request.types, terminal.now()));
  const edited = new Map<string, readonly string[]>();
  const failed = new Map<string, Failure>();
  await sideBySide(workspace.clusters, AT_ONCE, async (cluster) => {
    const alone = { ...workspace, clusters: [cluster] };
    try {
      const one = { ...request, workspace: alone, cluster: cluster.name, newName };
      edited.set(
        cluster.name,
        (await verb(one)).map((text) => namingCluster(text, cluster.name)),
      );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed.set(cluster.name, failureNaming(error, cluster.name));
    }
  });
  for (const cluster of workspace.clusters) sayWritten(terminal, ...(edited.get(cluster.name) ?? []));
  for (const cluster of workspace.clusters) {
    const failure = failed.get(cluster.name);
    if (failure !== undefined) sayLeftOut(terminal, cluster.name, failure);
  }
  const exit = edited.size === 0 ? EXIT.error : afterEdit(terminal);
  return failed.size === 0 ? exit : EXIT.error;
}

/** What to do about it is about the same cluster. */
function failureNaming({ code, message, hint }: Failure, cluster: string): Failure {
  return new Failure(
    code,
    namingCluster(message, cluster),
    hint === null ? {} : { hint: namingCluster(hint, cluster) },
  );
}
