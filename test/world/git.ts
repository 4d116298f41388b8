import { fork } from "./fork-server.ts";

/** Runs git and gives what it printed, without the last line break; a refusal of git is an error with its words. */
export async function git(
  cwd: string,
  args: readonly string[],
  { input, env = {} }: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { exit, stdout, stderr } = await fork({
    argv: ["git", ...args],
    cwd,
    env: { ...process.env, ...env },
    stdin: input,
  });
  if (exit !== 0) throw new Error(`git ${args.join(" ")} in ${cwd} ended with ${exit}\n${stderr}`);
  return stdout.toString().replace(/\n$/, "");
}
