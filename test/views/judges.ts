import { stripVTControlCharacters } from "node:util";
import xterm from "@xterm/headless";
import { expect } from "vitest";

/** What whoever may write a text somewhere would like to happen, by where it would. */
export const TEXTS: Readonly<Record<string, string>> = {
  "for a terminal": "x\u001b[2J\u001b[H\u001b]0;owned\u0007\u001b[?1049h\u009b31m\b\b\r\u0007ready\u001b[8m",
  "for lines":
    "x\nReady. Every guard passes.\r\n::set-output name=outcome::ready\n##[error]no\n# EOF\nEND:VEVENT",
  "for Markdown":
    "x `` ` `` |a|b| </details><script>1</script> [c](https://evil.example) @acme #1 <!-- x --> **b** :tada:",
  "for blocks of Markdown": "x\n\n# Approved\n\n- [x] done\n\n```\n\n> [!NOTE]\n\n| a |\n|---|",
  "for labels and names": 'x"} 1\ncapstan_cluster_up{cluster="forged",platform="teleport"} 1\\',
  "for people": "x\u202egnp.exe\u2066\u200b\u2028\u00ad\u{e0041}ʻ",
  "for the runner": "x ##[set-env name=PATH]/evil ::add-mask::x ::stop-commands::y",
};

/** The same without any such wish. */
export const TAME = "x1 and more";

/** A terminal shows the text as it is printed, line for line, and nothing else happens to it. */
export async function expectNoEffectOnTerminal(printed: string): Promise<void> {
  const lines = stripVTControlCharacters(printed).trimEnd().split("\n");
  const terminal = new xterm.Terminal({ cols: 300, rows: 50, scrollback: 20_000, allowProposedApi: true });
  const happened: string[] = [];
  terminal.onTitleChange((title) => happened.push(`title ${title}`));
  terminal.onBell(() => happened.push("bell"));
  terminal.onData((data) => happened.push(`answers ${JSON.stringify(data)}`));
  await new Promise<void>((resolve) => terminal.write(printed.replaceAll("\n", "\r\n"), resolve));
  const { buffer } = terminal;
  const seen = lines.map((_, index) => buffer.normal.getLine(index)?.translateToString(true) ?? "");
  expect(happened).toEqual([]);
  expect(buffer.active.type).toBe("normal");
  const otherwise = lines.findIndex((line, index) => line.trimEnd() !== seen[index]);
  expect(seen[otherwise]).toBe(lines[otherwise]);
  terminal.dispose();
}

/** What nobody sees in a text, and line breaks of other kinds. */
export const UNSEEN = /[^\n\P{Cc}]|\p{Cf}|\p{Zl}|\p{Zp}/u;

/** What a runner of GitHub Actions does because of a log, after its source (`ActionCommandManager`). */
export function heardByRunner(log: string): readonly string[] {
  let stopped: string | null = null;
  const heard: string[] = [];
  for (const line of log.split(/\r\n|\n|\r/)) {
    const [, name = "", value = ""] =
      /^\s*::([^:\s][^:]*)::(.*)$/.exec(line) ?? /##\[([^\]]+)\](.*)$/.exec(line) ?? [];
    if (stopped !== null) {
      if (name === stopped) stopped = null;
    } else if (name === "stop-commands") stopped = value;
    else if (name !== "") heard.push(line);
  }
  return heard;
}
