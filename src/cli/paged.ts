import { commandWords } from "../platforms/command-words.ts";
import { withoutSecrets } from "../secrets.ts";
import { canAsk, type Terminal } from "./terminal.ts";

/** Lines that are left for the prompt above and below. */
const MARGIN = 2;

/**
 * Prints a text; on a terminal that it does not fit on, in a pager: what `CAPSTAN_PAGER` or `PAGER` names, else `less`.
 * `cat`, or nothing, is none.
 */
export async function printPaged(terminal: Terminal, text: string): Promise<void> {
  const { stdout, env } = terminal;
  const rows = stdout.rows ?? 0;
  const isLong = rows > 0 && text.split("\n").length > rows - MARGIN;
  const pager = (env["CAPSTAN_PAGER"] ?? env["PAGER"] ?? "less").trim();
  if (isLong && canAsk(terminal) && pager !== "" && pager !== "cat") {
    const { showInPager } = await import("../process/pager.ts");
    if (await showInPager(commandWords("PAGER", pager), withoutSecrets(text), env)) return;
  }
  stdout.write(text);
}
