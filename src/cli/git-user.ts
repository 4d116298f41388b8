import { Failure } from "../failure.ts";
import type { Repository } from "../git/repository.ts";

/** Who states something, as git has it in a commit: `Ada <ada@example.com>`. A `Failure` where git knows nobody. */
export async function gitUser(repository: Repository | null): Promise<string> {
  if (repository === null) {
    throw new Failure("usage", "a statement needs a name, and there is no git repository that knows it", {
      hint: "run it in the repository; outside of one, write it into the YAML by hand, with `who`",
    });
  }
  // With the date behind it, which the commit has anyway (git-var(1)).
  const { exitCode, stdout } = await repository.git.ask(["var", "GIT_AUTHOR_IDENT"]);
  const who = exitCode === 0 ? (/^(.+>) \d+ [+-]\d{4}$/.exec(stdout.trim())?.[1] ?? null) : null;
  if (who !== null) return who;
  throw new Failure("usage", "git does not know who you are, and a statement needs a name", {
    hint: '`git config user.name "Your Name"` and `git config user.email you@example.com`, then run it again',
  });
}
