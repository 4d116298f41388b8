import type { Diagnostic } from "../model/desired.ts";
import { type FoundFiles, findFiles } from "./find-files.ts";
import { readSourceFile } from "./read-file.ts";
import type { SourceFile } from "./source-file.ts";

/** Where resources are read from: the folder, which people edit, or a commit, which they reviewed. */
export interface FileSource {
  /** The YAML files, and what is in the way of reading one. */
  find(): Promise<FoundFiles>;
  /** A file that `find` gave. */
  read(path: string): Promise<SourceFile | Diagnostic>;
}

/** The files of a folder as they are on disk. */
export function folderSource(folder: string): FileSource {
  return { find: () => findFiles(folder), read: (path) => readSourceFile(folder, path) };
}
