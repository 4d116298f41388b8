import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openJobLog } from "../../src/forge/job-log.ts";

/**
 * What the runner makes of a log, after its source (ActionCommandManager, ActionCommand): `##[` anywhere, `::` at the
 * start of a line; while commands are stopped, nothing but the word that starts them again.
 */
function heard(log: string): readonly string[] {
  const commands: string[] = [];
  let stopped: string | null = null;
  for (const line of log.split(/\r\n|\n|\r/)) {
    const command = /^\s*::([^:\s][^:]*)::(.*)$/.exec(line) ?? /##\[([^\]]+)\](.*)$/.exec(line);
    if (command === null) continue;
    const [, name = "", value = ""] = command;
    if (stopped !== null) {
      if (name === stopped) stopped = null;
    } else if (name === "stop-commands") stopped = value;
    else commands.push(line.trim());
  }
  expect(stopped, "commands are heard again at the end").toBeNull();
  return commands;
}

const HOSTILE = fc.constantFrom(
  "::set-output name=fingerprint::sha256:00",
  "  ::add-path::/tmp/evil",
  "##[set-env name=NODE_OPTIONS]--require /tmp/evil",
  "node ##[error]all is well",
  "::stop-commands::mine\n::mine::\n::error::x",
  "::endgroup::",
  "a node",
  "\n",
  "",
);

describe("hostile input: the log of a job on GitHub Actions", () => {
  it("holds no command but capstan's own, whatever is printed, in whatever pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text: HOSTILE, annotate: fc.boolean() })), (pieces) => {
        let log = "";
        const quiet = openJobLog((text) => {
          log += text;
        });
        const own: string[] = [];
        for (const [index, { text, annotate }] of pieces.entries()) {
          quiet.print(text);
          if (!annotate) continue;
          own.push(`::warning title=capstan::${index}`);
          quiet.annotate("warning", String(index));
        }
        quiet.close();
        expect(heard(log)).toEqual(own);
      }),
      { numRuns: 500 },
    );
  });

  it("shows them as text, as viewers of a log colour some of them although they were stopped", () => {
    let log = "";
    openJobLog((text) => {
      log += text;
    }).print("node ##[error]x\n  ::error::y\n");
    expect(log).toContain("node ## [error]x\n  : :error::y\n");
  });

  it("makes up another word each time", () => {
    const words = new Set<string>();
    for (let count = 0; count < 20; count += 1) openJobLog((text) => words.add(text)).close();
    expect(words.size).toBe(40);
  });
});
