import { join } from "node:path";
import { Failure } from "../failure.ts";
import type { Repository } from "../git/repository.ts";
import { folderStore } from "../record/folder.ts";
import { refsStore } from "../record/refs-store.ts";
import type { RecordStore } from "../record/store.ts";
import type { RepositoryResource } from "../resources/desired.ts";
import type { Terminal } from "./terminal.ts";

/** The record where the repository resource says that it is. */
export function openRecord(
  folder: string,
  { record, remote }: RepositoryResource,
  repository: Repository | null,
  { env, now }: Terminal,
): RecordStore {
  if (record === "folder") return folderStore(join(folder, ".capstan"), now);
  if (repository === null) {
    throw new Failure(
      "storage",
      `the record is in refs of ${remote}, and ${folder} is in no git repository`,
      {
        hint: "run it in a clone, or write `record: folder` in the repository resource",
      },
    );
  }
  return refsStore({ folder, remote, env, clock: now });
}
