import { Failure } from "../failure.ts";
import type { Git } from "./git.ts";

/** One file of a commit. */
export interface TreeEntry {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly kind: "file" | "link" | "submodule";
  readonly oid: string;
  /** The repository that has the object: a submodule has its own. */
  readonly git: Git;
}

/** Everything below a tree (`COMMIT:FOLDER`); `null` where there is no such tree. Throws a `Failure` (`storage`). */
export async function listTree(git: Git, tree: string): Promise<readonly Omit<TreeEntry, "git">[] | null> {
  const args = ["ls-tree", "-r", "-z", "--full-tree", tree];
  const answer = await git.ask(args);
  if (/Not a valid object name|not a tree object/i.test(answer.stderr)) {
    // A tree that the commit does not name is not there; a commit that cannot be read is damaged.
    const [commit = ""] = tree.split(":");
    await git.must(["cat-file", "-e", `${commit}^{tree}`]);
    return null;
  }
  if (answer.exitCode !== 0) {
    throw new Failure(
      "storage",
      `git cannot list the files of ${tree} in ${git.where}: ${answer.stderr.trim()}`,
      {
        hint: "`git fsck` there says what is damaged",
      },
    );
  }
  return answer.stdout.split("\0").flatMap((line) => {
    const tab = line.indexOf("\t");
    if (tab < 0) return [];
    const [mode = "", , oid = ""] = line.slice(0, tab).split(" ");
    return [{ path: line.slice(tab + 1), kind: kindOf(mode), oid }];
  });
}

/** Modes of tree entries: gitlinks and links are no files (gitformat-index(5)). */
function kindOf(mode: string): TreeEntry["kind"] {
  if (mode === "160000") return "submodule";
  return mode === "120000" ? "link" : "file";
}
