import { readFileSync } from "node:fs";

/** One command line of a page, and what the page says that it prints. */
export interface PageCommand {
  /** Words, as a shell would split them. */
  readonly argv: readonly string[];
  readonly line: number;
  /** Lines that are shown below it; `…` stands for any number of others. */
  readonly shown: readonly string[];
  readonly exit: number;
}

/**
 * The commands of the blocks called `console` of a page, in the order of the page: each begins with `$ `, and may go on
 * after a `\` at the end of its line. `console exit=3` says how the last command of the block ends. Blocks with other names
 * (`text`, `sh`) are for what needs something that a test does not have, and their page says what.
 */
export function commandsOf(page: string): readonly PageCommand[] {
  const commands: PageCommand[] = [];
  const lines = readFileSync(page, "utf8").split("\n");
  let exit: number | null = null;
  let first = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (exit === null) {
      const opening = /^```console(?: exit=(\d+))?$/.exec(line);
      if (opening !== null) [exit, first] = [Number(opening[1] ?? 0), commands.length];
      continue;
    }
    if (line === "```") {
      const last = commands.at(-1);
      if (last !== undefined && commands.length > first) commands[commands.length - 1] = { ...last, exit };
      exit = null;
      continue;
    }
    if (line.startsWith("$ ")) {
      let typed = line.slice(2);
      while (typed.endsWith("\\")) {
        at += 1;
        typed = typed.slice(0, -1) + (lines[at] ?? "").trim();
      }
      commands.push({ argv: wordsOf(typed), line: at + 1, shown: [], exit: 0 });
      continue;
    }
    const last = commands.at(-1);
    if (last !== undefined) commands[commands.length - 1] = { ...last, shown: [...last.shown, line] };
  }
  return commands;
}

function wordsOf(typed: string): readonly string[] {
  const words = typed.replace(/\s+#.*$/, "").match(/'[^']*'|"[^"]*"|[^\s'"]+(?:'[^']*'|"[^"]*")?/g) ?? [];
  return words.map((word) => word.replaceAll(/['"]/g, ""));
}

/** What changes from run to run, by what it is. */
const CHANGES: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{7,64}\b/g, "HASH"],
  [/\d{4}-\d{2}-\d{2}/g, "DATE"],
  [/\b\d{1,2} [A-Z][a-z]+ \d{4}\b/g, "DATE"],
  [/\bprocess \d+/g, "process N"],
  [/\b\d+ (ms|s|seconds|minutes|min|h|days)\b/g, "N $1"],
  [/\d{2}:\d{2}(:\d{2})?/g, "TIME"],
  [/host-DATE|-\d{4}-\d{2}\b/g, "-MONTH"],
  [/\s+/g, " "],
];

function steady(line: string): string {
  return CHANGES.reduce((text, [changing, word]) => text.replace(changing, word), line.trim());
}

/** The first line that a page shows and that was not printed in this order; `null`: all were. */
export function notPrinted(shown: readonly string[], printed: string): string | null {
  const lines = printed.split("\n").map(steady);
  let at = 0;
  for (const line of shown) {
    if (line.trim() === "" || line.trim() === "…") continue;
    const found = lines.indexOf(steady(line), at);
    if (found === -1) return line;
    at = found + 1;
  }
  return null;
}
