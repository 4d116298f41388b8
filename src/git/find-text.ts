import type { Git } from "./git.ts";
import { grep } from "./grep.ts";

/** A text that stands in a file, as it stands there. */
export interface FoundText {
  /** Below the top of the repository, or below the folder where there is none. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly text: string;
}

/** What is searched. */
export type Haystack =
  /** The files of a commit, submodules left out. */
  | { readonly commit: string }
  /** The files of a work tree, new ones included, those that git ignores left out. */
  | "work-tree"
  /** A folder that git knows nothing of; what its `.gitignore` names is left out. */
  | "folder";

/**
 * Where texts stand, in any case of letters, in files of whatever name, size and kind: one process for all of them. Throws
 * a `Failure` where git cannot read all of it.
 */
export async function findTexts(
  git: Git,
  haystack: Haystack,
  texts: readonly string[],
): Promise<readonly FoundText[]> {
  const how = ["--fixed-strings", "--ignore-case", "--only-matching", "--line-number"];
  const stdout = await grep(git, [...how, ...where(haystack)], {
    stdin: `${texts.join("\n")}\n`,
    complaint: /^(error|fatal|warning):/m,
  });
  return [...stdout.matchAll(ROW)].map(([, path = "", line, text = ""]) => ({
    path: path.replace(OF_A_COMMIT, ""),
    line: Number(line),
    text,
  }));
}

/** A path may hold a line feed, a found text holds none. */
const ROW = /([^\0]+)\0(\d+)\0([^\n]*)\n/g;
const OF_A_COMMIT = /^[0-9a-f]{40,64}:/;

function where(haystack: Haystack): readonly string[] {
  const patterns = ["-f", "-"];
  if (haystack === "folder") return ["--no-index", "--exclude-standard", ...patterns, "--", "."];
  const inRepository = ["--full-name", "--no-recurse-submodules"];
  if (haystack === "work-tree") return [...inRepository, "--untracked", ...patterns, "--", ":/"];
  return [...inRepository, ...patterns, haystack.commit, "--", ":/"];
}
