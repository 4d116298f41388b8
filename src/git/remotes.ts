import type { Git } from "./git.ts";

/** Whether the clone has a remote of that name: git takes what is none for an address. */
export async function hasRemote(git: Git, remote: string): Promise<boolean> {
  return (await git.ask(["config", "--get", `remote.${remote}.url`])).exitCode === 0;
}
