import type { DesiredState, Diagnostic } from "../resources/model/desired.ts";
import type { FileSource } from "../resources/read/file-source.ts";
import { fileDiagnostics, loadResources } from "../resources/read/load.ts";
import { isYaml } from "../resources/read/resource-path.ts";
import { sourceFile } from "../resources/read/source-file.ts";
import type { Files } from "../views/text/yaml-diff.ts";

/** A file as an edit would leave it. */
interface EditedText {
  /** From the folder. */
  readonly file: string;
  /** `null`: there is none yet. */
  readonly before: string | null;
  readonly text: string;
}

/** What else there is: by these alone is an edit judged where nothing was loaded before it. */
interface Loaded {
  readonly files: Files;
  readonly desired: Pick<DesiredState, "clusters">;
}

/** An error is one at any time: the clock only decides which waivers are warned of. */
const AT_ANY_TIME = new Date(0);

/**
 * The errors that every later command would find, and that are not there without the edit: in what was written, and
 * beside the resources of the same clusters, which are read from what was loaded. Of many clusters that is a few files.
 */
export async function newProblems(
  { folder, env }: { readonly folder: string; readonly env: NodeJS.ProcessEnv },
  loaded: Loaded | null,
  edited: readonly EditedText[],
): Promise<readonly Diagnostic[]> {
  const changed = edited.filter(({ file, before, text }) => isYaml(file) && text !== before);
  if (changed.length === 0) return [];
  if (loaded === null) {
    return errorsAmong(
      changed.flatMap(({ file, text }) => fileDiagnostics(sourceFile(file, text), folder, env, AT_ANY_TIME)),
    );
  }
  const names = loaded.desired.clusters
    .map(({ name }) => name)
    .filter((name) => changed.some(({ text }) => text.includes(name)));
  const related = [...loaded.files].filter(([, text]) => names.some((name) => text.includes(name)));
  const before = new Map(related);
  const after = new Map(related);
  for (const { file, before: was, text } of changed) {
    if (was === null) before.delete(file);
    else before.set(file, was);
    after.set(file, text);
  }
  const errorsIn = async (files: Files) =>
    errorsAmong((await loadResources(folder, env, AT_ANY_TIME, inMemory(files))).diagnostics);
  const known = new Set((await errorsIn(before)).map(inWords));
  return (await errorsIn(after)).filter((error) => !known.has(inWords(error)));
}

function errorsAmong(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === "error");
}

/** Without its line, which an edit above it moves. */
function inWords({ file, message }: Diagnostic): string {
  return `${file}\n${message}`;
}

function inMemory(files: Files): FileSource {
  return {
    find: async () => ({ paths: [...files.keys()].sort(), diagnostics: [] }),
    read: async (path) => sourceFile(path, files.get(path) ?? ""),
  };
}
