import { Failure } from "../failure.ts";
import type { Git } from "./git.ts";

/**
 * git takes what is no remote of the clone for an address: a folder of the tree, say, with hooks that come with a
 * commit. Which addresses there are is for whoever made the clone to say.
 */
export async function hasRemote(git: Git, remote: string): Promise<boolean> {
  return (await git.ask(["config", "--get", `remote.${remote}.url`])).exitCode === 0;
}

export function noRemote(remote: string): Failure {
  return new Failure("storage", `this clone has no remote that is called ${remote}`, {
    hint: `\`git remote add ${remote} URL\`, or name another one in the repository resource`,
  });
}
