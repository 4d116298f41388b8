import { posix } from "node:path";
import { Failure } from "../failure.ts";
import { changedSince } from "../git/differences.ts";
import { CommitTree } from "../git/tree.ts";
import { loadEach } from "../record/load-each.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import { findFiles } from "../resources/read/find-files.ts";
import { readDocuments } from "../resources/read/read-documents.ts";
import { readSourceFile } from "../resources/read/read-file.ts";
import type { Fingerprint } from "../rotation/observation.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { count } from "../views/count.ts";
import { findPinFiles } from "./pin-files.ts";
import type { Workspace } from "./workspace.ts";

/** How the folder differs from the commit in what capstan reads. */
export type Uncommitted =
  | { readonly files: readonly string[] }
  /** git cannot tell. */
  | { readonly unknown: Failure };

type Asked = Pick<Workspace, "folder" | "git" | "desired" | "files" | "tree" | "repositoryFile"> &
  // Absent where nobody opened it: then the keys that git does not name yet are not looked for.
  Partial<Pick<Workspace, "store">>;

/** Files that capstan reads, or would read, and in which the folder is not as the commit: others do not matter. */
export async function uncommitted(workspace: Asked): Promise<Uncommitted> {
  const { git, folder } = workspace;
  if (git === null || git.commit === null) return { files: [] };
  const { commit, prefix } = git;
  try {
    const [everywhere, tree, found] = await Promise.all([
      changedSince(git, "", commit),
      workspace.tree ?? CommitTree.open(git, commit, prefix),
      findFiles(folder),
    ]);
    const fromHere = everywhere.map((path) => posix.relative(`/${prefix}`, `/${path}`));
    const changed = fromHere.filter((path) => !path.startsWith("../"));
    const committed = new Set((await tree.find()).paths);
    const edited = new Set(changed);
    // The `repository` resource may be above the folder.
    const outside = fromHere.filter((path) => path === workspace.repositoryFile && !edited.has(path));
    const isEdited = (path: string) =>
      edited.has(path) || changed.some((other) => path.startsWith(`${other}/`));
    const fresh = found.paths.filter((path) => !committed.has(path) || isEdited(path));
    const ours = await Promise.all(
      fresh.map(async (path) => ((await isResource(folder, path)) ? [path] : [])),
    );
    const pins = await pinFilesAmong(workspace, fromHere, tree);
    const read = [...readBy(workspace)].filter((path) => isEdited(path));
    return { files: [...new Set([...ours.flat(), ...read, ...pins, ...outside])].sort() };
  } catch (error) {
    if (error instanceof Failure && error.code === "storage") return { unknown: error };
    throw error;
  }
}

/** What cannot be read may be one. */
async function isResource(folder: string, path: string): Promise<boolean> {
  const file = await readSourceFile(folder, path);
  if ("severity" in file) return true;
  const { documents, diagnostics } = readDocuments(file);
  return documents.length + diagnostics.length > 0;
}

function readBy({ desired, files }: Asked): ReadonlySet<string> {
  const consumers = desired.authorities.flatMap(({ trustConsumers }) =>
    trustConsumers.flatMap((consumer) => (consumer.kind === "file" ? [consumer.path] : [])),
  );
  // What checks run comes from the commit, too, as far as it lies in the repository.
  const run = desired.clusters.flatMap(({ asWritten }) =>
    (asWritten?.checks ?? []).flatMap(({ command = [] }) => command.map((word) => posix.normalize(word))),
  );
  return new Set([...files.keys(), ...consumers, ...run]);
}

/** Changed files, of the whole repository, that list a CA pin that git or the record names, in the commit or in the folder. */
async function pinFilesAmong(
  { desired, folder, files, store }: Asked,
  changed: readonly string[],
  tree: CommitTree,
): Promise<readonly string[]> {
  if (changed.length === 0) return [];
  const edited = new Set(changed);
  const resources = new Set(files.keys());
  const names = desired.clusters.map(({ name }) => name);
  // What a record that cannot be read would name is of a cluster to which nothing is done.
  const { records } = store === undefined ? { records: [] } : await loadEach(store, names);
  const listing = await Promise.all(
    desired.clusters.map(async ({ name, policy }) => {
      const rotations = records.find(({ cluster }) => cluster === name)?.rotations ?? [];
      const pins = new Set([...namedFor(name, desired), ...rotations.flatMap(keysOfRotation)]);
      const found = await Promise.all(
        [tree, folder].map((from) => findPinFiles(from, policy.pinFiles, pins, resources)),
      );
      return found
        .flatMap((search) => search.files.map(({ file }) => file))
        .filter((file) => edited.has(file));
    }),
  );
  return [...new Set(listing.flat())];
}

function namedFor(cluster: string, { authorities, rotations }: DesiredState): readonly Fingerprint[] {
  return [
    ...authorities.filter((one) => one.cluster === cluster).flatMap(({ activeKeys }) => activeKeys),
    ...rotations
      .filter((one) => one.cluster === cluster)
      .flatMap((rotation) => rotation.authorities.flatMap(({ retire }) => retire)),
  ];
}

function keysOfRotation({ retire, introduced }: RotationRecord): readonly Fingerprint[] {
  return [...retire, ...introduced];
}

/** Before the plan of a commit: what of the folder is not in it; `null` where there is nothing to say. */
export function notInPlan(found: Uncommitted, commit: string): string | null {
  const at = commit.slice(0, 12);
  if ("unknown" in found) {
    return `git cannot compare the folder with commit ${at}, which is what is planned: ${found.unknown.message}`;
  }
  if (found.files.length === 0) return null;
  const [is, it] = found.files.length === 1 ? ["is", "it"] : ["are", "them"];
  return `${count(found.files.length, "file")} that capstan reads ${is} not as in commit ${at}, which is what is planned: ${named(found.files)}. Commit ${it}, or see \`capstan plan --uncommitted\`.`;
}

/** First line of a plan of the folder. */
export function planOfFolder(found: Uncommitted, commit: string | null): string {
  if (commit === null)
    return "This is a plan of the folder, of which git has no commit yet: `capstan apply` takes only what is committed.";
  const at = commit.slice(0, 12);
  if ("unknown" in found)
    return `This is a plan of the folder, which git cannot compare with commit ${at}: ${found.unknown.message}`;
  if (found.files.length === 0)
    return `This is a plan of the folder, which is as commit ${at} in all that capstan reads.`;
  return `This is a plan of commit ${at} and ${count(found.files.length, "uncommitted file")}: ${named(found.files)}. \`capstan apply\` takes only what is committed.`;
}

const NAMED = 5;

/** The first few by name, and how many more. */
export function named(paths: readonly string[]): string {
  const more = paths.length > NAMED ? `, and ${paths.length - NAMED} more` : "";
  return `${paths.slice(0, NAMED).join(", ")}${more}`;
}
