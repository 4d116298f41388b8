import { readDocuments } from "../resources/read/read-documents.ts";
import { MAX_FILE_BYTES, sourceFromBytes } from "../resources/read/read-file.ts";
import { isHidden, isYaml } from "../resources/read/resource-path.ts";
import { type Declared, type Deletion, declares } from "../rotation/history.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { readBlobs } from "./blobs.ts";
import { gitRefusal } from "./git.ts";
import type { Repository } from "./repository.ts";
import { CommitTree } from "./tree.ts";

/** What a commit did to one file, against its first parent. */
interface Change {
  readonly commit: string;
  /** Below the folder. */
  readonly path: string;
  /** What was there before: `null` where nothing was, or no file. */
  readonly blob: string | null;
  /** A submodule or a link: what is behind it is another matter. */
  readonly indirect: boolean;
}

/**
 * Which of these rotations a commit took out, of those by first parent from the one that was applied last (left out) to
 * the one at hand, newest first: what was only moved is still declared at the end.
 */
export async function deletionsBetween(
  repository: Repository,
  { from, to }: { readonly from: string; readonly to: string },
  { cluster, missing }: { readonly cluster: string; readonly missing: readonly RotationRecord[] },
): Promise<readonly Deletion[]> {
  const changes = await changesBetween(repository, from, to);
  const blobs = await readBlobs(
    repository.git,
    changes.flatMap(({ blob }) => blob ?? []),
    MAX_FILE_BYTES,
  );
  const found: Deletion[] = [];
  for (const memory of missing) {
    for (const change of changes) {
      const declared = change.indirect
        ? await declaredBehind(repository, change)
        : declaredIn(change.path, change.blob === null ? undefined : blobs.get(change.blob));
      if (!declared.some((rotation) => declares(cluster, rotation, memory))) continue;
      const { authority, retire } = memory;
      found.push({ authority, retire, commit: change.commit, file: change.path });
      break;
    }
  }
  if (found.length === 0) return [];
  const elsewhere = [
    ...(await declaredElsewhere(repository, to)),
    ...(await declaredAnywhere(
      repository,
      to,
      found.flatMap(({ retire }) => retire),
    )),
  ];
  return found.filter((deletion) => !elsewhere.some((rotation) => declares(cluster, rotation, deletion)));
}

async function changesBetween(
  { git, prefix }: Repository,
  from: string,
  to: string,
): Promise<readonly Change[]> {
  const answer = await git.must([
    "log",
    "--first-parent",
    "-m",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--format=%x01%H",
    `${from}..${to}`,
    "--",
    `:(top,literal)${prefix}`,
  ]);
  const start = prefix === "" ? "" : `${prefix}/`;
  const changes: Change[] = [];
  let commit = "";
  const fields = answer.split("\0");
  for (let at = 0; at < fields.length; at += 1) {
    const field = (fields[at] ?? "").trimStart();
    if (field.startsWith("\u0001")) commit = field.slice(1).trim();
    if (!field.startsWith(":")) continue;
    const [mode = "", , blob = ""] = field.slice(1).split(" ");
    at += 1;
    const path = (fields[at] ?? "").slice(start.length);
    const indirect = mode === "160000" || mode === "120000";
    if (mode === "000000" || isHidden(path) || !(indirect || isYaml(path))) continue;
    changes.push({ commit, path, blob: indirect ? null : blob, indirect });
  }
  return changes;
}

function declaredIn(
  path: string,
  blob: { readonly bytes: Uint8Array } | { readonly size: number } | undefined,
): readonly Declared[] {
  if (blob === undefined || !("bytes" in blob)) return [];
  const file = sourceFromBytes(path, blob.bytes);
  if ("severity" in file) return [];
  return readDocuments(file).documents.flatMap(({ kind, sound, value }) =>
    kind === "ca_rotation" && sound && isRotation(value["spec"]) ? [value["spec"]] : [],
  );
}

function isRotation(spec: unknown): spec is Declared {
  if (typeof spec !== "object" || spec === null || !("cluster" in spec && "authorities" in spec))
    return false;
  const { authorities } = spec;
  return (
    Array.isArray(authorities) &&
    authorities.every((one) => typeof one === "object" && one !== null && Array.isArray(one.retire))
  );
}

/** All that the parent declared below what a commit changed, where that leads to files of another place. */
async function declaredBehind(
  repository: Repository,
  { commit, path }: Change,
): Promise<readonly Declared[]> {
  const tree = await CommitTree.open(repository, `${commit}^`, repository.prefix);
  const { paths } = await tree.find();
  const below = paths.filter((one) => one === path || one.startsWith(`${path}/`));
  return await declaredByAll(tree, below);
}

/** What the rest of the repository declares: a resource that moved out of the folder was not deleted. */
async function declaredElsewhere(repository: Repository, commit: string): Promise<readonly Declared[]> {
  if (repository.prefix === "") return [];
  const tree = await CommitTree.open(repository, commit, "");
  const { paths } = await tree.find();
  return await declaredByAll(
    tree,
    paths.filter((path) => !path.startsWith(`${repository.prefix}/`)),
  );
}

/**
 * What files of any name declare that name one of these keys: one that was renamed to what nobody reads, or moved to
 * where nobody looks (a hidden folder, `.yaml.tmpl`), is still there, and nobody has decided that it should go.
 */
async function declaredAnywhere(
  repository: Repository,
  commit: string,
  keys: readonly string[],
): Promise<readonly Declared[]> {
  const { git } = repository;
  const args = ["grep", "-l", "-z", "-I", "--full-name", "--fixed-strings"];
  const named = [...new Set(keys)].flatMap((key) => ["-e", key]);
  const answer = await git.ask([...args, ...named, commit, "--", ":(top)"]);
  if (answer.exitCode === 1) return [];
  if (answer.exitCode !== 0) throw gitRefusal(git.where, args, answer);
  const paths = answer.stdout
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => line.slice(commit.length + 1));
  return await declaredByAll(await CommitTree.open(repository, commit, ""), paths);
}

async function declaredByAll(tree: CommitTree, paths: readonly string[]): Promise<readonly Declared[]> {
  const texts = await tree.texts(paths, MAX_FILE_BYTES);
  return [...texts].flatMap(([path, bytes]) =>
    typeof bytes === "number" ? [] : declaredIn(path, { bytes }),
  );
}
