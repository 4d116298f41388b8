import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Diagnostic } from "../model/desired.ts";
import { CONTAINS, cannotBeFollowed, LEAVES, LOOPS } from "./link-complaints.ts";
import { isHidden, isYaml } from "./resource-path.ts";
import { type Complaint, complain, diagnosticOfFile } from "./source-file.ts";

/**
 * Finds the YAML files below a folder. Everything that might hold a resource and cannot be read is an error, never
 * a silent gap: a rotation that seems to be declared no more is planned to be rolled back (design, section 2).
 */
export interface FoundFiles {
  /** Relative to the folder, with `/`, sorted. */
  readonly paths: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Walk {
  readonly root: string;
  /** Real path of the folder, against which links are judged. */
  readonly realRoot: string;
  /** Real paths of the folders that were walked and the files that were taken. */
  readonly seen: Set<string>;
  readonly paths: string[];
  readonly diagnostics: Diagnostic[];
}

/** YAML files below a folder, with what could not be looked into. Links are not followed out of it. */
export async function findFiles(folder: string): Promise<FoundFiles> {
  const failed = (message: string, suggestion: string): FoundFiles => ({
    paths: [],
    diagnostics: [diagnosticOfFile(folder, complain(message, suggestion))],
  });
  let realRoot: string;
  try {
    realRoot = await realpath(folder);
    if (!(await stat(realRoot)).isDirectory()) {
      return failed("is not a folder", "name the folder that holds the resources, with -C DIR");
    }
  } catch (error) {
    return codeOf(error) === "ENOENT"
      ? failed("no such folder", "name the folder that holds the resources, with -C DIR")
      : failed(`cannot be opened (${reasonOf(error)})`, "check its permissions");
  }
  const walk: Walk = { root: folder, realRoot, seen: new Set([realRoot]), paths: [], diagnostics: [] };
  // Links are followed after everything else, so that a file is known by its own name rather than by a link's.
  let links = await walkFolder(walk, "", realRoot);
  while (links.length > 0) {
    const more: string[] = [];
    for (const link of links) more.push(...(await followLink(walk, link)));
    links = more;
  }
  walk.paths.sort();
  return walk;
}

/** Takes the files of a folder and those below it; gives the links that were met. */
async function walkFolder(walk: Walk, folder: string, real: string): Promise<string[]> {
  const links: string[] = [];
  const pending = [{ folder, real }];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    let entries: Dirent[];
    try {
      entries = await readdir(at.real, { withFileTypes: true });
    } catch (error) {
      note(walk, at.folder || ".", `the folder cannot be read (${reasonOf(error)})`, "check its permissions");
      continue;
    }
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const path = at.folder === "" ? entry.name : `${at.folder}/${entry.name}`;
      const entryReal = join(at.real, entry.name);
      if (entry.isSymbolicLink()) links.push(path);
      else if (entry.isDirectory()) {
        if (walk.seen.has(entryReal)) continue;
        walk.seen.add(entryReal);
        pending.push({ folder: path, real: entryReal });
      } else if (isYaml(entry.name)) takeFile(walk, path, entryReal, entry.isFile());
    }
  }
  return links.sort();
}

function takeFile(walk: Walk, path: string, real: string, regular: boolean): void {
  if (walk.seen.has(real)) return;
  walk.seen.add(real);
  if (regular) walk.paths.push(path);
  else note(walk, path, "is not a regular file", "remove it, or give it another name than *.yaml");
}

async function followLink(walk: Walk, path: string): Promise<string[]> {
  const link = join(walk.root, path);
  let real: string;
  try {
    real = await realpath(link);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ELOOP") complainOf(walk, path, LOOPS);
    // A dangling link with any other name could only have been a folder, and there is nothing in it.
    else if (code !== "ENOENT" || isYaml(path)) {
      const why = code === "ENOENT" ? "its target does not exist" : reasonOf(error);
      complainOf(walk, path, cannotBeFollowed(why));
    }
    return [];
  }
  const target = await stat(real);
  if (!target.isDirectory() && !isYaml(path)) return [];
  if (real !== walk.realRoot && !real.startsWith(withSeparator(walk.realRoot))) {
    complainOf(walk, path, LEAVES);
    return [];
  }
  if (!target.isDirectory()) {
    takeFile(walk, path, real, target.isFile());
    return [];
  }
  const inside = await realpath(join(walk.root, path, ".."));
  if (inside === real || inside.startsWith(withSeparator(real))) {
    complainOf(walk, path, CONTAINS);
    return [];
  }
  if (walk.seen.has(real)) return [];
  walk.seen.add(real);
  return walkFolder(walk, path, real);
}

function withSeparator(path: string): string {
  return path.endsWith(sep) ? path : path + sep;
}

function note(walk: Walk, path: string, message: string, suggestion: string): void {
  complainOf(walk, path, complain(message, suggestion));
}

function complainOf(walk: Walk, path: string, complaint: Complaint): void {
  walk.diagnostics.push(diagnosticOfFile(path, complaint));
}

/** The code of an error of the file system, `ENOENT`; empty for any other error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Node's own words without the path, which the diagnostic has already: `EACCES: permission denied`. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+( '.*)?$/, "") : String(error);
}
