import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { setHold, type WrittenHold } from "../resources/edit/edit-hold.ts";
import type { Wanted } from "../resources/edit/edit-text.ts";
import type { Source } from "../resources/model/desired.ts";
import { parseMoment } from "../resources/model/moment.ts";
import { writtenDate } from "../written-date.ts";
import type { HOLD } from "./commands/statement-rows.ts";
import { sayWritten } from "./edit-report.ts";
import { afterEdit, editFiles } from "./edited-file.ts";
import type { ExitCode } from "./exit-code.ts";
import { rotationPlaces } from "./statement-places.ts";
import type { Terminal } from "./terminal.ts";
import { onlyCluster, openWorkspace, type Workspace } from "./workspace.ts";

type HoldOptions = ValuesOf<typeof HOLD.flags>;

/** `capstan hold`: writes into git that nothing goes forward in a cluster, or in a rotation, until a person is through. */
export async function holdInGit(
  terminal: Terminal,
  cluster: string | undefined,
  options: HoldOptions,
): Promise<ExitCode> {
  const written = holdOf(options, terminal.now());
  const selection =
    cluster === undefined ? options : { ...options, cluster: [...(options.cluster ?? []), cluster] };
  const workspace = await openWorkspace(options.directory, selection, terminal, "folder");
  const places = placesOf(workspace, options, cluster);
  await editFiles(
    workspace,
    places.map(({ source, wanted }) => ({
      file: source.file,
      change: (text: string) => setHold(text, wanted, written),
    })),
  );
  const until =
    written.until === undefined
      ? "until it is taken out"
      : `until ${writtenDate(parseMoment(written.until, "end") ?? written.until)}`;
  for (const { name, source } of places) {
    sayWritten(terminal, `${source.file}: ${name} is held ${until}: ${written.reason}`);
  }
  return afterEdit(terminal);
}

function holdOf({ reason, until }: HoldOptions, now: number): WrittenHold {
  if (reason.trim() === "") {
    throw new Failure("usage", "--reason is empty", { hint: "say why: it stands in every plan and status" });
  }
  if (until === undefined) return { reason };
  const moment = parseMoment(until, "end");
  if (moment === null) {
    throw new Failure("usage", `--until ${until} is no date`, {
      hint: "write it as 2026-12-18, which is held to its end, or as 2026-12-18T06:00:00Z",
    });
  }
  if (Date.parse(moment) <= now) {
    throw new Failure("usage", `--until ${until} is over already`, { hint: "a hold is for a time to come" });
  }
  return { reason, until };
}

interface HeldPlace {
  readonly name: string;
  readonly source: Source;
  readonly wanted: Wanted;
}

/** All that were selected; where nothing was said, the one cluster that there is. */
function placesOf(
  workspace: Workspace,
  options: HoldOptions,
  cluster: string | undefined,
): readonly HeldPlace[] {
  if (options.rotation !== undefined) return rotationPlaces(workspace, options.rotation);
  const named = cluster !== undefined || options.cluster !== undefined || options.selector !== undefined;
  const clusters = named ? workspace.clusters : [onlyCluster(workspace)];
  return clusters.map(({ name, source }) => ({ name, source, wanted: { kind: "cluster", name } }));
}
