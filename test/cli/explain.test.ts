import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands/command-table.ts";
import { completion } from "../../src/cli/completion.ts";
import { exitPages } from "../../src/cli/explain.ts";
import { manPage } from "../../src/cli/man-page.ts";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";

/** Of the machine, not of a package. */
const MAN = "man";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-words-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const run = (...argv: readonly string[]) =>
  runHere(argv, { cwd: folder, env: { ...process.env, NO_COLOR: "1" } });

describe("capstan explain", () => {
  it.each(["roster", "3", "update_servers", "policy.soak", "db_client/init/trust-both", "denied"])(
    "%s",
    async (word) => {
      const { exit, stdout } = await run("explain", word);
      expect(exit).toBe(0);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      await expect(stdout).toMatchFileSnapshot(`golden/explain/${word.replaceAll("/", "-")}.txt`);
    },
  );

  it("without a word lists what there is; with one that is none, says what was meant", async () => {
    expect((await run("explain")).stdout).toMatch(/^guard$/m);
    expect((await run("explain", " roster ")).stdout).toBe((await run("explain", "roster")).stdout);
    const wrong = await run("explain", "rooster");
    expect([wrong.exit, flat(wrong.stderr)]).toEqual([1, expect.stringContaining('did you mean "roster"?')]);
    const json = JSON.parse((await run("explain", "3", "--format", "json")).stdout);
    expect(json.pages[0]).toMatchObject({ topic: "exit code", name: "3" });
  });
});

it("help of a command ends in examples and a link", async () => {
  const { stdout } = await run("waive", "--help");
  expect(stdout).toMatch(/Examples:\n {2}capstan waive roster/);
  expect(stdout).toMatch(/https:\/\/\S+\n$/);
});

/** What bash offers when Tab is pressed behind the last word. */
async function offeredByBash(...words: readonly string[]): Promise<readonly string[]> {
  const script = join(folder, "capstan.bash");
  let text = "";
  const stdout = { write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
  await completion({ stdout } as Parameters<typeof completion>[0], "bash");
  await writeFile(script, text);
  const typed = words.map((word) => `'${word}'`).join(" ");
  const asked = `source ${script}; complete -p capstan >/dev/null || exit 9; COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _capstan; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const {
    status,
    stdout: said,
    stderr,
  } = spawnSync("bash", ["--norc", "-c", asked], { encoding: "utf8", cwd: folder });
  expect([status, stderr]).toEqual([0, ""]);
  return said.split("\n").filter((line) => line !== "");
}

describe("completion, as the real bash has it", () => {
  it.each([
    [["capstan", "pl"], ["plan"]],
    [["capstan", "rotate", ""], expect.arrayContaining(["start", "finish", "--help"])],
    [["capstan", "-C", "infra", "rotate", "fi"], ["finish"]],
    [["capstan", "plan", "--trust"], ["--trust-head"]],
    [["capstan", "plan", "--format", "m"], ["markdown"]],
    [
      ["capstan", "rotate", "start", "host", "--strategy", ""],
      ["step", "walk"],
    ],
    [["capstan", "completion", ""], expect.arrayContaining(["bash", "zsh", "fish"])],
    [["capstan", "nothing-like-it", "x"], []],
  ])("%j", async (words, offered) => {
    expect(await offeredByBash(...words)).toEqual(offered);
  });

  it("names files where a file is meant, and only there", async () => {
    await writeFile(join(folder, "plan.json"), "{}");
    expect(await offeredByBash("capstan", "show", "pl")).toEqual(["plan.json"]);
    expect(await offeredByBash("capstan", "plan", "--out", "pl")).toEqual(["plan.json"]);
    expect(await offeredByBash("capstan", "rotate", "start", "pl")).toEqual([]);
  });

  it("another shell is refused by name", async () => {
    const ran = await run("completion", "tcsh");
    expect([ran.exit, flat(ran.stderr)]).toEqual([1, expect.stringContaining("bash, zsh, fish")]);
  });
});

it("man -l shows the page, without a warning of groff, with every command on it", async () => {
  const page = join(folder, "capstan.1");
  await writeFile(page, manPage(COMMANDS, exitPages(), "1.2.3"));
  const shown = spawnSync(MAN, ["--warnings", "-l", page], {
    encoding: "utf8",
    // What moves the clocks of a test is loaded into each process, and man's may not do what it does.
    env: { ...process.env, LD_PRELOAD: "", MANWIDTH: "80", MANPAGER: "cat", LC_ALL: "C.UTF-8" },
  });
  expect([shown.status, shown.stderr]).toEqual([0, ""]);
  for (const { name } of COMMANDS) expect(shown.stdout).toContain(`capstan ${name}`);
  expect(shown.stdout).toMatch(/^EXIT STATUS$/m);
});
