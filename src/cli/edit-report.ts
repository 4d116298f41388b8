import { AsyncLocalStorage } from "node:async_hooks";
import { relative, resolve } from "node:path";
import type { Failure } from "../failure.ts";
import { harmlessLine } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { paragraph } from "../views/text/columns.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { ExitCode } from "./exit-code.ts";
import { streamOf, type Terminal } from "./terminal.ts";

/**
 * What a command that edits git did, as `--format json` prints it: names are a contract. `format_version` changes only
 * when a consumer must change.
 */
interface PrintedEdit {
  readonly format_version: "1.0";
  readonly outcome: "written" | "nothing_written";
  /** From the folder, in the order in which they were written first. */
  readonly files: readonly string[];
  /** The sentences that the text has, one a line. */
  readonly message: string;
  /** What comes next; `null`: nothing. */
  readonly next: string | null;
  /** Of several clusters those that were left as they are. */
  readonly problems: readonly EditProblem[];
}

interface EditProblem {
  readonly cluster: string;
  readonly code: Failure["code"];
  readonly message: string;
  readonly remedy: string | null;
}

interface Heard {
  /** It is printed as one object at the end. */
  readonly inJson: boolean;
  readonly files: Set<string>;
  readonly problems: EditProblem[];
  next: string | null;
}

/** Of the command that runs; files are written far below it. */
const heard = new AsyncLocalStorage<Heard>();

/** A file was written, by its whole path. */
export function noteWritten(path: string): void {
  heard.getStore()?.files.add(path);
}

/** Whether the command that runs has written nothing, as git has it already. */
export function wroteNothing(): boolean {
  return heard.getStore()?.files.size === 0;
}

/** Says of one of several clusters why nothing was written for it. */
export function sayLeftOut(
  { stderr }: Pick<Terminal, "stderr">,
  cluster: string,
  { code, message, hint }: Failure,
): void {
  heard.getStore()?.problems.push({ cluster, code, message, remedy: hint });
  const remedy = hint === null ? "" : ` → ${hint}`;
  stderr.write(`${paragraph(harmlessLine(`error: ${cluster}: ${message}${remedy}`), "", "  ")}\n`);
}

/** Says what was written, a line each: a reason is what somebody typed, and does not move the cursor. */
export function sayWritten({ stdout }: Pick<Terminal, "stdout">, ...lines: readonly string[]): void {
  for (const line of lines) stdout.write(`${paragraph(harmlessLine(line), "", "  ")}\n`);
}

/** Says what comes next. */
export function sayNext({ stdout }: Pick<Terminal, "stdout">, text: string): void {
  const report = heard.getStore();
  if (report?.inJson === true) report.next = sentences(text);
  else stdout.write(text);
}

/** The same command, which prints one JSON object where that is asked for. */
export function reported<Words extends readonly unknown[], Options extends CommonOptions>(
  edit: (terminal: Terminal, ...words: [...Words, Options]) => Promise<ExitCode>,
  folderOf: (options: Options, first: unknown) => string = ({ directory }) => directory,
): (terminal: Terminal, ...words: [...Words, Options]) => Promise<ExitCode> {
  return async (terminal, ...words) => {
    const options = words.at(-1) as Options;
    const report: Heard = { inJson: options.format === "json", files: new Set(), problems: [], next: null };
    if (!report.inJson) return await heard.run(report, () => edit(terminal, ...words));
    const said: string[] = [];
    const stdout = streamOf(terminal.stdout, (text) => said.push(sentences(text)));
    const { stdin, stderr, env, cwd } = terminal;
    const quiet: Terminal = { stdin, stdout, stderr, env, cwd, now: () => terminal.now() };
    const exit = await heard.run(report, () => edit(quiet, ...words));
    const folder = resolve(cwd, folderOf(options, words[0]));
    const printed: PrintedEdit = {
      format_version: "1.0",
      outcome: report.files.size === 0 ? "nothing_written" : "written",
      files: [...report.files].map((path) => relative(folder, path)),
      message: said.join("\n"),
      next: report.next,
      problems: report.problems,
    };
    terminal.stdout.write(`${jsonText(printed)}\n`);
    return exit;
  };
}

/** As a terminal has it, broken into lines that are set in; here a sentence is in one piece. */
function sentences(text: string): string {
  return text.trim().replaceAll(/\n */g, " ");
}
