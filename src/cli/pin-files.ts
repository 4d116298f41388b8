import { matchesGlob, posix } from "node:path";
import { Failure } from "../failure.ts";
import { type FoundText, findTexts } from "../git/find-text.ts";
import { Git } from "../git/git.ts";
import { openRepository } from "../git/repository.ts";
import type { CommitTree } from "../git/tree.ts";
import type { Fingerprint, PinFile, UnreadPins } from "../rotation/observation.ts";
import { notationsOf, oncePerLine, type PinNotations, pinsIn } from "../rotation/pin-notations.ts";

/** What a search for pins found, and where it could not look. */
export interface PinSearch {
  readonly files: readonly PinFile[];
  readonly unread: readonly UnreadPins[];
}

/** Of another repository that is embedded in this one, which is read file by file. */
const MAX_BYTES = 1024 * 1024;

/**
 * Files of the whole repository that list one of the pins, in any notation and whatever they are called, where the
 * patterns of the policy lead (`null`: everywhere). What other text may look like a pin (an image digest) is told apart
 * by its value. The resources themselves, which name keys for other reasons, are left out, and so is what capstan keeps;
 * what cannot be read may list anything, and is named.
 */
export async function findPinFiles(
  from: string | CommitTree,
  patterns: readonly string[] | null,
  pins: ReadonlySet<Fingerprint>,
  resources: ReadonlySet<string>,
): Promise<PinSearch> {
  if (pins.size === 0) return { files: [], unread: [] };
  const isWanted = (path: string) => !resources.has(path) && mayListPins(path, patterns);
  const notations = notationsOf(pins);
  const { found, unread } =
    typeof from === "string" ? await inFolder(from, notations) : await inCommit(from, notations, isWanted);
  const byPath = Map.groupBy(
    found.filter(({ path }) => isWanted(path)),
    ({ path }) => path,
  );
  const listed = [...byPath].map(([file, pinsOf]) => ({
    file,
    pins: oncePerLine(pinsOf),
  }));
  return {
    files: listed.toSorted(byFile),
    unread: unread.filter(({ file }) => file === "." || isWanted(file)).toSorted(byFile),
  };
}

/** Whether pins are looked for in a file: where the patterns lead, but not in what capstan keeps in a folder of its own. */
function mayListPins(path: string, patterns: readonly string[] | null): boolean {
  if (path.split("/").includes(".capstan")) return false;
  return patterns?.some((glob) => matchesGlob(withoutDots(path), withoutDots(glob))) ?? true;
}

/** Node's patterns pass over hidden files, even with `**`; a pin stands in `.env` as well as anywhere else. */
function withoutDots(path: string): string {
  return path.replace(/(^|\/)\.(?=[^./])/g, "$1dot-");
}

function byFile(left: { readonly file: string }, right: { readonly file: string }): number {
  return left.file < right.file ? -1 : 1;
}

interface Found {
  readonly found: readonly (PinFile["pins"][number] & { readonly path: string })[];
  readonly unread: readonly UnreadPins[];
}

/** The first line of what Git LFS keeps in git in place of a file (git-lfs, docs/spec.md). */
const POINTERS = ["version https://git-lfs.github.com/spec/", "version https://hawser.github.com/spec/"];

async function inCommit(
  tree: CommitTree,
  notations: PinNotations,
  isWanted: (path: string) => boolean,
): Promise<Found> {
  const here = judged(await tree.findTexts([...notations.texts, ...POINTERS]), notations);
  const elsewhere = tree.filesOfSubmodules().filter(isWanted);
  const found = [...here.found];
  const unread = [...here.unread];
  for (const [path, bytes] of await tree.texts(elsewhere, MAX_BYTES)) {
    if (typeof bytes === "number") {
      unread.push({ file: path, problem: `is larger than 1 MiB (${bytes} bytes), and was not searched` });
      continue;
    }
    for (const pin of pinsIn(Buffer.from(bytes).toString("utf8"), notations)) found.push({ path, ...pin });
  }
  return { found, unread };
}

/** The work tree as it is, or a folder where there is no repository. */
async function inFolder(folder: string, notations: PinNotations): Promise<Found> {
  try {
    const repository = await openRepository(folder);
    const texts = [...notations.texts, ...POINTERS];
    if (repository === null)
      return judged(await findTexts(new Git(folder, process.env), "folder", texts), notations);
    const found = await findTexts(repository.git, "work-tree", texts);
    const from = (path: string) => posix.relative(`/${repository.prefix}`, `/${path}`);
    return judged(
      found.map((one) => ({ ...one, path: from(one.path) })),
      notations,
    );
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { found: [], unread: [{ file: ".", problem: `cannot be searched (${error.message})` }] };
  }
}

function judged(found: readonly FoundText[], notations: PinNotations): Found {
  const pins = found.flatMap(({ path, line, text }) => {
    const fingerprint = notations.pinOf(text);
    return fingerprint === undefined ? [] : [{ path, line, fingerprint }];
  });
  const pointers = found.filter(({ line, text }) => line === 1 && POINTERS.includes(text.toLowerCase()));
  return {
    found: pins,
    unread: pointers.map(({ path }) => ({
      file: path,
      problem: "is a pointer of Git LFS in place of the file, so what it holds was not searched",
    })),
  };
}
