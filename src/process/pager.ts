import { execa } from "execa";

/**
 * Shows a text in a pager of the person's choice, which has the terminal until it is left. `argv`: never a shell. `false`
 * where it could not be started: then nothing was shown. Whoever leaves a pager early closes its pipe, which is no error.
 */
export async function showInPager(
  argv: readonly string[],
  text: string,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const [file, ...words] = argv;
  if (file === undefined) return false;
  const { code } = await execa(file, words, {
    input: text,
    stdout: "inherit",
    stderr: "inherit",
    reject: false,
    extendEnv: false,
    // As git has it: leave at once where it fits, pass colours on, and leave the text on the screen.
    env: { LESS: "FRX", ...env },
  });
  return code !== "ENOENT" && code !== "EACCES";
}
