import { realpath } from "node:fs/promises";
import { Failure } from "../failure.ts";

/** What git knows of the folder; `null` outside a repository. */
export interface Repository {
  readonly root: string;
  /** HEAD, `null` before the first commit. */
  readonly commit: string | null;
}

/** Asks git about a folder. Not being in a repository is fine; a git that cannot be run is not. */
export async function openRepository(folder: string): Promise<Repository | null> {
  const { simpleGit } = await import("simple-git");
  try {
    const git = simpleGit(await realpath(folder));
    const answer = await git.raw(["rev-parse", "--show-toplevel", "--verify", "--quiet", "HEAD"]);
    const [root = "", commit = ""] = answer.split("\n");
    return { root, commit: commit === "" ? null : commit };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/ENOENT/.test(message)) {
      throw new Failure("executable", `cannot run git in ${folder}: ${message}`, {
        hint: "install git, or check that the folder exists",
        cause,
      });
    }
    return null;
  }
}
