import { dirname } from "node:path";
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

/**
 * Clones a repository of this machine. Without flags its objects are copied as files, which takes half the processes; what
 * flags ask for (`--depth`) takes git's protocol. No file is shared: a test may damage one.
 */
export async function cloned(remote: string, folder: string, flags: readonly string[] = []): Promise<void> {
  const how = flags.length === 0 ? ["--no-hardlinks", remote] : [...flags, `file://${remote}`];
  await git(dirname(folder), ["-c", "protocol.file.allow=always", "clone", "--quiet", ...how, folder]);
}
