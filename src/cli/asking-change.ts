import { changedBetween, lastToTouch } from "../git/differences.ts";
import { CommitTree } from "../git/tree.ts";
import { MAX_FILE_BYTES } from "../resources/read/read-file.ts";
import { isYaml } from "../resources/read/resource-path.ts";
import { type Files, yamlDiff } from "../views/text/yaml-diff.ts";
import type { Workspace } from "./workspace.ts";

/** The change that asks for a plan: the last commit that touched the resources, and what it did to them. */
export interface AskingChange {
  readonly commit: string | null;
  readonly author: string | null;
  /** ISO 8601. */
  readonly authoredAt: string | null;
  /** First line of the message. */
  readonly subject: string | null;
  /** Unified diff. */
  readonly text: string;
}

/** The last change of the resources that are planned, edits included where those are; `null` outside of git. */
export async function askingChange({
  git: repository,
  files,
}: Pick<Workspace, "git" | "files">): Promise<AskingChange | null> {
  if (repository === null || repository.commit === null) return null;
  const { git, prefix, commit: head } = repository;
  const asking = await lastToTouch(git, prefix, head);
  if (asking === null) return null;
  const { commit, author, authoredAt, subject, parent } = asking;
  if (parent === null) return { commit, author, authoredAt, subject, text: yamlDiff(new Map(), files) };
  const [tree, now, changed] = await Promise.all([
    CommitTree.open(repository, parent, prefix),
    CommitTree.open(repository, head, prefix),
    changedBetween(repository, prefix, parent, head),
  ]);
  // Other people's YAML is changed too; what is theirs is not shown.
  const ours = (path: string) => files.has(path) || !now.has(path);
  const paths = [...new Set([...changed.filter(isYaml), ...files.keys()])].filter(ours);
  return { commit, author, authoredAt, subject, text: yamlDiff(await textsOf(tree, paths), files) };
}

async function textsOf(tree: CommitTree, paths: readonly string[]): Promise<Files> {
  const found = await tree.texts(paths, MAX_FILE_BYTES);
  return new Map(
    [...found].flatMap(([path, bytes]) =>
      typeof bytes === "number" ? [] : [[path, Buffer.from(bytes).toString("utf8")] as const],
    ),
  );
}
