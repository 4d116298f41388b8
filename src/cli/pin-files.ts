import { readdir, readFile, stat } from "node:fs/promises";
import { join, matchesGlob } from "node:path";
import { type CommitTree, isHidden } from "../git/tree.ts";
import type { Fingerprint, PinFile, UnreadPins } from "../rotation/observation.ts";

/** A larger file is hardly anything that a person wrote; what it lists stays unknown. */
const MAX_BYTES = 1024 * 1024;
const PIN = /sha256:[0-9a-f]{64}/gi;

/** What a search for pins found, and where it could not look. */
export interface PinSearch {
  readonly files: readonly PinFile[];
  readonly unread: readonly UnreadPins[];
}

/**
 * Files of the repository that list one of the pins, where the patterns of the policy lead. What other text may
 * look like a pin (an image digest) is told apart by its value. Hidden folders and the resources themselves, which
 * name keys for other reasons, are left out; what cannot be read may list anything, and is named.
 */
export async function findPinFiles(
  from: string | CommitTree,
  patterns: readonly string[],
  pins: ReadonlySet<Fingerprint>,
  resources: ReadonlySet<string>,
): Promise<PinSearch> {
  if (pins.size === 0) return { files: [], unread: [] };
  const isWanted = (path: string) => !resources.has(path) && patterns.some((glob) => matchesGlob(path, glob));
  const { texts, unread } =
    typeof from === "string" ? await inFolder(from, isWanted) : await inCommit(from, isWanted);
  const files = [...texts]
    .map(([file, text]) => ({ file, pins: pinsIn(text, pins) }))
    .filter((found) => found.pins.length > 0);
  return { files: files.toSorted(byFile), unread: unread.toSorted(byFile) };
}

function byFile(left: { readonly file: string }, right: { readonly file: string }): number {
  return left.file < right.file ? -1 : 1;
}

interface Read {
  readonly texts: ReadonlyMap<string, string>;
  readonly unread: readonly UnreadPins[];
}

async function inCommit(tree: CommitTree, isWanted: (path: string) => boolean): Promise<Read> {
  const paths = tree.list().filter((path) => !isHidden(path) && isWanted(path));
  const texts = new Map<string, string>();
  const unread: UnreadPins[] = [];
  for (const [file, bytes] of await tree.texts(paths, MAX_BYTES)) {
    if (typeof bytes === "number") unread.push({ file, problem: tooLarge(bytes) });
    else texts.set(file, Buffer.from(bytes).toString("utf8"));
  }
  return { texts, unread };
}

async function inFolder(folder: string, isWanted: (path: string) => boolean): Promise<Read> {
  const texts = new Map<string, string>();
  const unread: UnreadPins[] = [];
  const look = async (file: string, read: () => Promise<void>) => {
    try {
      await read();
    } catch (error) {
      const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
      unread.push({ file, problem: `cannot be read${code}` });
    }
  };
  const pending = [""];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const inside = at;
    await look(inside === "" ? "." : inside, async () => {
      for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
        if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
        const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
        if (entry.isDirectory()) pending.push(path);
        else if (entry.isFile() && isWanted(path)) {
          await look(path, async () => {
            const { size } = await stat(join(folder, path));
            if (size > MAX_BYTES) unread.push({ file: path, problem: tooLarge(size) });
            else texts.set(path, await readFile(join(folder, path), "utf8"));
          });
        }
      }
    });
  }
  return { texts, unread };
}

function tooLarge(bytes: number): string {
  return `is larger than 1 MiB (${bytes} bytes), and was not searched`;
}

function pinsIn(text: string, pins: ReadonlySet<Fingerprint>): PinFile["pins"] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(PIN)]
      .map(([pin]) => pin.toLowerCase() as Fingerprint)
      .filter((pin) => pins.has(pin))
      .map((fingerprint) => ({ fingerprint, line: index + 1 })),
  );
}
