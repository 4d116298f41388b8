import { readdir, readFile, stat } from "node:fs/promises";
import { join, matchesGlob } from "node:path";
import { type CommitTree, isHidden } from "../git/tree.ts";
import type { Fingerprint, PinFile } from "../rotation/observation.ts";

/** A larger file is nothing that a person wrote. */
const MAX_BYTES = 1024 * 1024;
const PIN = /sha256:[0-9a-f]{64}/gi;

/**
 * Files of the repository that list one of the pins, where the patterns of the policy lead. What other text may
 * look like a pin (an image digest) is told apart by its value. Hidden folders and the resources themselves, which
 * name keys for other reasons, are left out; what cannot be read lists nothing.
 */
export async function findPinFiles(
  from: string | CommitTree,
  patterns: readonly string[],
  pins: ReadonlySet<Fingerprint>,
  resources: ReadonlySet<string>,
): Promise<readonly PinFile[]> {
  if (pins.size === 0) return [];
  const isWanted = (path: string) => !resources.has(path) && patterns.some((glob) => matchesGlob(path, glob));
  const texts = typeof from === "string" ? await inFolder(from, isWanted) : await inCommit(from, isWanted);
  return [...texts]
    .map(([file, text]) => ({ file, pins: pinsIn(text, pins) }))
    .filter((found) => found.pins.length > 0)
    .toSorted((left, right) => (left.file < right.file ? -1 : 1));
}

type Texts = ReadonlyMap<string, string>;

async function inCommit(tree: CommitTree, isWanted: (path: string) => boolean): Promise<Texts> {
  const paths = tree.list().filter((path) => !isHidden(path) && isWanted(path));
  const found = await tree.texts(paths, MAX_BYTES);
  return new Map(
    [...found].map(([path, bytes]) => [
      path,
      typeof bytes === "number" ? "" : Buffer.from(bytes).toString("utf8"),
    ]),
  );
}

async function inFolder(folder: string, isWanted: (path: string) => boolean): Promise<Texts> {
  const texts = new Map<string, string>();
  const pending = [""];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of await entriesOf(join(folder, at))) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile() && isWanted(path)) texts.set(path, await textOf(join(folder, path)));
    }
  }
  return texts;
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return (await stat(path)).size > MAX_BYTES ? "" : await readFile(path, "utf8");
  } catch {
    return "";
  }
}

function pinsIn(text: string, pins: ReadonlySet<Fingerprint>): PinFile["pins"] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(PIN)]
      .map(([pin]) => pin.toLowerCase() as Fingerprint)
      .filter((pin) => pins.has(pin))
      .map((fingerprint) => ({ fingerprint, line: index + 1 })),
  );
}
