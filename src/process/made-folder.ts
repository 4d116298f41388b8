import type { Stats } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { systemWords } from "./system-failure.ts";

/**
 * Makes a folder and those above it; throws a `Failure` that names the one which cannot be. Node's own recursive `mkdir`
 * never ends where the system says of a folder that is there that it is not, as `/proc` does.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  for (const folder of await missingFolders(resolve(path))) {
    try {
      await mkdir(folder, { mode });
    } catch (cause) {
      // Somebody else may have been faster.
      if ((await statOf(folder))?.isDirectory() !== true) throw unmade(folder, whyNot(cause), cause);
    }
  }
}

/** The uppermost first. */
async function missingFolders(path: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    const found = await statOf(at);
    if (found?.isDirectory() === true || at === dirname(at)) return missing;
    if (found !== null) throw unmade(path, at === path ? "it is no folder" : `${at} is no folder`);
    missing.unshift(at);
  }
}

/** `null` where nothing is: below a file, too, and at the end of a link that leads to nothing. */
async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw unmade(path, whyNot(cause), cause);
  }
}

function whyNot(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  // What is there, but was not found, is a link.
  if (code === "EEXIST") return "it is a link that leads to nothing";
  if (code === "ENOENT") return "the system makes no folder there";
  return systemWords(cause) ?? String(cause);
}

function unmade(path: string, why: string, cause?: unknown): Failure {
  return new Failure("storage", `cannot make the folder ${path}: ${why}`, {
    hint: "name another place",
    cause,
  });
}
