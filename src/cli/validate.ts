import { join, resolve } from "node:path";
import { overrideDiagnostics } from "../overrides/diagnostics.ts";
import { folderStore } from "../record/folder.ts";
import { describeDiagnostic } from "../render/diagnostics.ts";
import { count } from "../render/layout.ts";
import type { Diagnostic } from "../resources/desired.ts";
import { type LoadResult, loadResources } from "../resources/load.ts";
import { compareDiagnostics } from "../resources/source-file.ts";
import { checkAcknowledgements } from "./acknowledgements.ts";
import { checkPins } from "./check-pins.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type CommonOptions, directoryOf } from "./options.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** `capstan validate`: everything that is wrong with the resources, without asking a cluster. */
export async function validate(
  terminal: Terminal,
  directory: string | undefined,
  options: CommonOptions,
): Promise<ExitCode> {
  const folder = directoryOf(directory, options);
  const path = resolve(terminal.cwd, folder);
  const now = terminal.now();
  const loaded = await loadResources(path, terminal.env, new Date(now));
  const store = folderStore(join(path, ".capstan"), terminal.now);
  const { state } = loaded;
  const diagnostics = [
    ...loaded.diagnostics,
    ...(await checkAcknowledgements(loaded, store, now)),
    ...(await checkPins(path, loaded, store)),
    ...(await certificateDiagnostics(loaded, now)),
  ].sort(compareDiagnostics);
  const resources =
    state.clusters.length + state.authorities.length + state.rotations.length + state.overrides.length;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const valid = errors === 0 && resources > 0;
  if (options.format === "json") {
    const answer = { format_version: "1.0", valid, resources, diagnostics };
    terminal.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    return valid ? EXIT.ok : EXIT.error;
  }
  const paint = await paintFor(terminal.stdout, terminal.env, options.color);
  for (const diagnostic of diagnostics) terminal.stdout.write(`${describeDiagnostic(diagnostic)}\n`);
  if (valid) terminal.stdout.write(`${paint("good", "Valid.")} ${count(resources, "resource")}.\n`);
  else if (errors > 0) terminal.stdout.write(`${paint("bad", "Invalid.")} ${count(errors, "error")}.\n`);
  else {
    const message = `there is no resource in ${folder}; \`capstan init\` writes some for a live cluster`;
    terminal.stdout.write(`${paint("bad", "Empty.")} ${message}.\n`);
  }
  return valid ? EXIT.ok : EXIT.error;
}

/** The certificates of overrides, checked offline. What the loader has said about a place is not said again. */
async function certificateDiagnostics(
  { overrideDocuments, diagnostics }: LoadResult,
  now: number,
): Promise<readonly Diagnostic[]> {
  const places = new Set(diagnostics.map(({ file, line, column }) => `${file}:${line}:${column}`));
  const found = await Promise.all(overrideDocuments.map((document) => overrideDiagnostics(document, now)));
  return found.flat().filter(({ file, line, column }) => !places.has(`${file}:${line}:${column}`));
}
