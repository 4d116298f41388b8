import { basename, dirname, join, relative } from "node:path";
import { Failure } from "../failure.ts";
import type { Repository } from "../git/repository.ts";
import { trackedAt } from "../git/tracked.ts";
import { besideFolder } from "../record/beside-folder.ts";
import { folderStore } from "../record/folder-store.ts";
import { homeInGit, placeInGit, placeOutsideGit, type RecordPlace } from "../record/place.ts";
import { refsStore } from "../record/refs-store.ts";
import type { RecordStore, Whereabouts } from "../record/store.ts";
import type { ClusterResource, RepositoryResource } from "../resources/model/desired.ts";
import { paragraph } from "../views/text/columns.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { Terminal } from "./terminal.ts";

/** The record where the repository resource says that it is. */
export async function openRecord(
  folder: string,
  { record, remote }: RepositoryResource,
  repository: Repository | null,
  { env, now }: Terminal,
): Promise<RecordStore> {
  if (record === "folder") {
    const { home, older } = await recordPlace(folder, repository);
    if (repository !== null) await insistOnOwnHand(repository, [home, ...older]);
    return folderStore(home, now, { older });
  }
  if (repository === null) {
    throw new Failure(
      "storage",
      `the record is in refs of ${remote}, and ${folder} is in no git repository`,
      {
        hint: "run it in a clone, or write `record: folder` in the repository resource",
      },
    );
  }
  const home = await homeInGit(repository.commonDir);
  await insistOnOwnHand(repository, [home]);
  return besideFolder(
    refsStore({ folder: repository.root, remote, env, clock: now }),
    folderStore(home, now),
  );
}

/** The record belongs to the repository, whichever of its folders a command is about. */
async function recordPlace(folder: string, repository: Repository | null): Promise<RecordPlace> {
  if (repository === null) return placeOutsideGit(folder);
  return await placeInGit(folder, { top: repository.root, common: repository.commonDir });
}

/** What a store reads in its folder: what else is there is no matter of it. */
const OF_THE_RECORD = /^[^/]+(\/(record|locks|backup)(\/.*)?|\/lock\.json|\/journal[^/]*\.jsonl)?$/i;

/**
 * The record is what a run saw and nobody else can tell. What a commit brings into its place was written by whoever
 * wrote the commit: it would start, roll back and finish rotations on that person's word.
 */
async function insistOnOwnHand({ git, commonDir }: Repository, places: readonly string[]): Promise<void> {
  for (const place of places) {
    // What is in the git directory itself is in no commit.
    if (dirname(place) === commonDir) continue;
    const [first] = (await trackedAt(git, place)).filter((path) => OF_THE_RECORD.test(path));
    if (first === undefined) continue;
    const file = join(dirname(place), first);
    throw new Failure("refused", `${file} is tracked by git, and the record does not come from a commit`, {
      hint: `nothing of it was believed; \`git -C ${dirname(place)} rm -r ${basename(place)}\` and a commit end that (with --cached the file stays, as the record of this clone: look at it first)`,
    });
  }
}

/** Says it where people read, beside whatever the command prints. */
export async function sayWhoseRecord(
  workspace: {
    readonly folder: string;
    readonly repository: RepositoryResource;
    readonly git: Repository | null;
    readonly store: RecordStore;
    readonly clusters: readonly ClusterResource[];
  },
  terminal: Terminal,
  { format, quiet }: Pick<CommonOptions, "format" | "quiet">,
): Promise<void> {
  if (format !== "text" || quiet === true) return;
  const { folder, repository, git, store, clusters } = workspace;
  const alone = await ofThisMachineAlone(folder, repository, git);
  if (alone !== null) terminal.stderr.write(`${paragraph(alone, "")}\n`);
  for (const { name } of clusters) {
    const where = await whereaboutsOf(store, name);
    if (where === null || where.unread === null) continue;
    const { home, unread } = where;
    const what = `There is a record of ${name} that is not read: ${relative(folder, unread)}. The record is ${home} (\`record: refs\`), and there is none yet; a rotation that is under way is finished with \`record: folder\`, where its roster and history are.`;
    terminal.stderr.write(`${paragraph(what, "")}\n`);
  }
}

/** `null`: it cannot be read, which is said as the problem of its cluster. */
async function whereaboutsOf(store: RecordStore, name: string): Promise<Whereabouts | null> {
  try {
    return await store.whereabouts(name);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/**
 * What a person should know of a record that only this machine has; `null` for one that all share. To be said once by
 * a command, and in no one's way.
 */
export async function ofThisMachineAlone(
  folder: string,
  { record }: RepositoryResource,
  repository: Repository | null,
): Promise<string | null> {
  if (record !== "folder") return null;
  const { home } = await recordPlace(folder, repository);
  const cure =
    repository === null
      ? "in a git repository with a remote, `record: refs` shares it"
      : "`record: refs` in a `repository` resource shares it";
  return `The record and the lock are in ${relative(folder, home) || "."}, of this machine alone; ${cure}.`;
}
