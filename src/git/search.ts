import { type Git, gitRefusal } from "./git.ts";

/**
 * The YAML files of a commit, below the top of the repository and not in submodules, in which a line has a pattern (POSIX,
 * extended): one process, however many files there are (git-grep(1)).
 */
export async function yamlFilesWith(git: Git, commit: string, pattern: string): Promise<readonly string[]> {
  const args = [
    "grep",
    "--files-with-matches",
    "--null",
    "--full-name",
    "--extended-regexp",
    "--text",
    "--no-color",
    "--no-textconv",
    "--no-recurse-submodules",
    "-e",
    pattern,
    commit,
    "--",
    ":(top,icase)*.yaml",
    ":(top,icase)*.yml",
  ];
  const answer = await git.ask(args);
  // 1: there is none. An object that cannot be read is a line among others, and no status.
  if (answer.exitCode > 1 || /^(error|fatal):/m.test(answer.stderr))
    throw gitRefusal(git.where, args, answer);
  const start = `${commit}:`;
  return answer.stdout
    .split("\0")
    .flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []));
}
