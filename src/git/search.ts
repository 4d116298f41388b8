import type { Git } from "./git.ts";
import { grep } from "./grep.ts";

/**
 * The YAML files of a commit, below the top of the repository and not in submodules, in which a line has a pattern (POSIX,
 * extended): one process, however many files there are (git-grep(1)).
 */
export async function yamlFilesWith(git: Git, commit: string, pattern: string): Promise<readonly string[]> {
  const stdout = await grep(git, [
    "--files-with-matches",
    "--full-name",
    "--extended-regexp",
    "--no-recurse-submodules",
    "-e",
    pattern,
    commit,
    "--",
    ":(top,icase)*.yaml",
    ":(top,icase)*.yml",
  ]);
  const start = `${commit}:`;
  return stdout.split("\0").flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []));
}
