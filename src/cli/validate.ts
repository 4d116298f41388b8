import { resolve } from "node:path";
import type { ValuesOf } from "../flag.ts";
import { openRepository } from "../git/repository.ts";
import type { RecordStore } from "../record/store.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import type { Diagnostic } from "../resources/model/desired.ts";
import type { LoadResult } from "../resources/read/load.ts";
import { compareDiagnostics } from "../resources/read/source-file.ts";
import { emptyRecord } from "../rotation/record.ts";
import { shellWord } from "../rotation/remedy-command.ts";
import { count } from "../views/count.ts";
import { jsonText } from "../views/json/json-text.ts";
import { diagnosticsMarkdown } from "../views/markdown/diagnostics-markdown.ts";
import { diagnosticText } from "../views/text/diagnostic-text.ts";
import type { Files } from "../views/text/yaml-diff.ts";
import { baseDiagnostics, baseRef, compareWithBase } from "./base.ts";
import { checkAcknowledgements } from "./check-acknowledgements.ts";
import { checkPins } from "./check-pins.ts";
import { directoryOf } from "./commands/common-flags.ts";
import type { VALIDATE } from "./commands/repository-rows.ts";
import { diagnoseOverride } from "./diagnose-override.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { folderAbove } from "./folder-above.ts";
import { loadInRepository } from "./load-in-repository.ts";
import { openRecord } from "./open-record.ts";
import { paintFor, type Terminal } from "./terminal.ts";

type ValidateOptions = ValuesOf<typeof VALIDATE.flags>;

/** `capstan validate`: everything that is wrong with the resources, without asking a cluster. */
export async function validate(
  terminal: Terminal,
  directory: string | undefined,
  options: ValidateOptions,
): Promise<ExitCode> {
  const folder = directoryOf(directory, options);
  const path = resolve(terminal.cwd, folder);
  const now = terminal.now();
  const git = await openRepository(path, terminal.env);
  const loaded = await loadInRepository(path, git, null, terminal);
  const { state } = loaded;
  const repository = loaded.repository ?? DEFAULT_REPOSITORY;
  // Nothing is asked of a remote here: what only its record tells, `plan` says.
  const store =
    repository.record === "folder" ? await openRecord(path, repository, git, terminal) : EMPTY_RECORD;
  const base =
    options.base === undefined || loaded.diagnostics.some(({ severity }) => severity === "error")
      ? null
      : await compareWithBase(await baseRef(path, options.base, git, terminal), {
          desired: state,
          repository,
          files: filesOf(loaded),
        });
  const diagnostics = [
    ...loaded.diagnostics,
    ...(await checkAcknowledgements(loaded, store, now)),
    ...(await checkPins(path, loaded, store)),
    ...(await certificateDiagnostics(loaded, now)),
    ...(base === null ? [] : baseDiagnostics(base)),
  ].sort(compareDiagnostics);
  const resources =
    state.clusters.length + state.authorities.length + state.rotations.length + state.overrides.length;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const valid = errors === 0 && resources > 0;
  if (options.format === "json") {
    const changes = base === null ? {} : { connections: base.connections, changes: base.changes };
    const answer = { format_version: "1.0", valid, resources, ...changes, diagnostics };
    terminal.stdout.write(`${jsonText(answer)}\n`);
    return valid ? EXIT.ok : EXIT.error;
  }
  if (options.format === "markdown") {
    terminal.stdout.write(diagnosticsMarkdown(diagnostics, { valid, resources }));
    return valid ? EXIT.ok : EXIT.error;
  }
  const paint = await paintFor(terminal.stdout, terminal.env, options.color);
  for (const diagnostic of diagnostics) terminal.stdout.write(`${diagnosticText(diagnostic)}\n`);
  if (valid) terminal.stdout.write(`${paint("good", "Valid.")} ${count(resources, "resource")}.\n`);
  else if (errors > 0) terminal.stdout.write(`${paint("bad", "Invalid.")} ${count(errors, "error")}.\n`);
  else {
    const above = await folderAbove(git, path, terminal.cwd);
    const remedy =
      above === null
        ? "`capstan init` writes some for a live cluster"
        : `there are some further up: \`-C ${shellWord(above)}\``;
    const message = `there is no resource in ${folder}; ${remedy}`;
    terminal.stdout.write(`${paint("bad", "Empty.")} ${message}.\n`);
  }
  return valid ? EXIT.ok : EXIT.error;
}

const EMPTY_RECORD: Pick<RecordStore, "load"> = { load: async (cluster) => emptyRecord(cluster) };

function filesOf({ files }: LoadResult): Files {
  return new Map(files.map(({ path, text }) => [path, text]));
}

/** The certificates of overrides, checked offline. What the loader has said about a place is not said again. */
async function certificateDiagnostics(
  { overrideDocuments, diagnostics }: LoadResult,
  now: number,
): Promise<readonly Diagnostic[]> {
  const places = new Set(diagnostics.map(({ file, line, column }) => `${file}:${line}:${column}`));
  const found = await Promise.all(overrideDocuments.map((document) => diagnoseOverride(document, now)));
  return found.flat().filter(({ file, line, column }) => !places.has(`${file}:${line}:${column}`));
}
