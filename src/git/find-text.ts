import { type Git, gitRefusal } from "./git.ts";

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
 * Where texts stand, in any case of letters, in files of whatever name, size and kind: one process for all of them
 * (git-grep(1)). Throws a `Failure` where git cannot read all of it.
 */
export async function findTexts(
  git: Git,
  haystack: Haystack,
  texts: readonly string[],
): Promise<readonly FoundText[]> {
  const args = [
    "grep",
    "--fixed-strings",
    "--ignore-case",
    "--only-matching",
    "--line-number",
    "--null",
    "--text",
    "--no-color",
    "--no-textconv",
    ...where(haystack),
  ];
  const answer = await git.ask(args, { stdin: `${texts.join("\n")}\n` });
  // 1: there is none. A file that cannot be read is a line among others, and no status.
  if (answer.exitCode > 1 || /^(error|fatal|warning):/m.test(answer.stderr))
    throw gitRefusal(git.where, args, answer);
  return [...answer.stdout.matchAll(ROW)].map(([, path = "", line, text = ""]) => ({
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
