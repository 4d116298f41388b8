import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import type { Repository } from "../git/repository.ts";
import { yamlFilesWith } from "../git/search.ts";
import { CommitTree } from "../git/tree.ts";
import { canonicalJson } from "../resources/model/canonical.ts";
import type { Diagnostic } from "../resources/model/desired.ts";
import { folderSource } from "../resources/read/file-source.ts";
import { findFiles } from "../resources/read/find-files.ts";
import {
  type LoadResult,
  loadRepositories,
  loadResources,
  type PlacedRepository,
} from "../resources/read/load.ts";
import { MAX_FILE_BYTES, readSourceFile, sourceFromBytes } from "../resources/read/read-file.ts";
import { isHidden } from "../resources/read/resource-path.ts";
import {
  compareDiagnostics,
  complain,
  diagnosticOfFile,
  type SourceFile,
} from "../resources/read/source-file.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The resources of a folder, in a commit or as they lie there, with the `repository` resource of the whole git
 * repository: where the record is, and who may approve, is not a matter of the folder that a command is called for.
 * There is one, wherever it stands; two that disagree are an error, and neither counts.
 */
export async function loadInRepository(
  folder: string,
  git: Repository | null,
  tree: CommitTree | null,
  { env, now }: Pick<Terminal, "env" | "now">,
): Promise<LoadResult> {
  const moment = new Date(now());
  const [loaded, files] = await Promise.all([
    loadResources(folder, env, moment, tree ?? folderSource(folder)),
    git === null || git.prefix === "" ? [] : filesElsewhere(git, tree),
  ]);
  if (git === null) return loaded;
  const elsewhere = loadRepositories(files, env, moment);
  const borrowed = loaded.repositories.filter(({ source: { file } }) => isBorrowed(git, tree, file));
  const all = [...loaded.repositories, ...elsewhere.repositories];
  const diagnostics = [
    ...elsewhere.diagnostics,
    ...borrowed.map(ofAnother),
    ...disagreements(loaded, elsewhere),
  ];
  const [first] = all;
  const isClear = diagnostics.length === 0 && (loaded.repositories.length < 2 || loaded.repository !== null);
  const repository = isClear && first !== undefined ? first.resource : null;
  const { repository: _, ...state } = loaded.state;
  return {
    ...loaded,
    state: repository === null ? state : { ...state, repository },
    repository,
    repositories: all,
    diagnostics: [...loaded.diagnostics, ...diagnostics].sort(compareDiagnostics),
  };
}

/** A line that a `repository` resource has to have, in whatever style of YAML: POSIX, and as JavaScript has it. */
const MENTION = "kind[\"']?[[:space:]]*:[[:space:]]*[\"']?repository";
const MENTIONED = /kind["']?[ \t]*:[ \t]*["']?repository/;

/** Those that may hold a `repository` resource, but for the folder itself. */
async function filesElsewhere(git: Repository, tree: CommitTree | null): Promise<readonly SourceFile[]> {
  const { root, prefix } = git;
  const isElsewhere = (path: string) => !path.startsWith(`${prefix}/`) && !isHidden(path);
  if (tree !== null) {
    const paths = (await yamlFilesWith(git.git, tree.commit, MENTION)).filter(isElsewhere);
    if (paths.length === 0) return [];
    const whole = await CommitTree.open(git, tree.commit, "");
    const texts = await whole.texts(paths, MAX_FILE_BYTES);
    return paths.flatMap((path) => {
      const bytes = texts.get(path);
      return bytes instanceof Uint8Array ? textOf(sourceFromBytes(posix.relative(prefix, path), bytes)) : [];
    });
  }
  const paths = (await findFiles(root)).paths.filter(
    (path) => isElsewhere(path) && !isOfInnerRepository(root, path),
  );
  const files: SourceFile[] = [];
  for (const path of paths) {
    const [file] = textOf(await readSourceFile(root, path));
    if (file !== undefined && MENTIONED.test(file.text))
      files.push({ ...file, path: posix.relative(prefix, path) });
  }
  return files;
}

/** What is no text is somebody else's. */
function textOf(read: SourceFile | Diagnostic): readonly SourceFile[] {
  return "severity" in read ? [] : [read];
}

function isBorrowed(git: Repository, tree: CommitTree | null, file: string): boolean {
  if (tree !== null) return tree.isInSubmodule(file);
  return isOfInnerRepository(join(git.root, git.prefix), file);
}

function isOfInnerRepository(root: string, path: string): boolean {
  const parts = posix.dirname(path).split("/");
  return parts.some(
    (part, index) => part !== "." && existsSync(join(root, ...parts.slice(0, index + 1), ".git")),
  );
}

function ofAnother({ source: { file, line } }: PlacedRepository): Diagnostic {
  const complaint = complain(
    "a repository resource in a submodule: it speaks for that repository, and not for this one",
    "take it out of there, and write one in this repository",
  );
  return diagnosticOfFile(file, complaint, { line, column: 1 });
}

/** Two answers to where the record is would be two records. Those in one folder were compared by the loader. */
function disagreements(
  { repositories: here }: Pick<LoadResult, "repositories">,
  { repositories: elsewhere }: Pick<LoadResult, "repositories">,
): readonly Diagnostic[] {
  const first = here[0] ?? elsewhere[0];
  if (first === undefined) return [];
  const said = canonicalJson(first.resource);
  return elsewhere
    .filter(({ resource }) => canonicalJson(resource) !== said)
    .map(({ source: { file, line } }) => {
      const other = `${first.source.file}:${first.source.line}`;
      const complaint = complain(
        `a second repository resource, which says something else than the one in ${other}`,
        "there is one for the whole git repository, whichever folder a command is called for: keep one of them, best at the top",
      );
      return diagnosticOfFile(file, complaint, { line, column: 1 });
    });
}
