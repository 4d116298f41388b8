/**
 * What zsh and fish make of `capstan completion`, loaded by the real shells, which have to be there: `npm run
 * test:shells`. bash is a test like all others.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tmux } from "./world/tmux.ts";

const CAPSTAN = join(import.meta.dirname, "..", "dist", "capstan.js");
const folder = mkdtempSync(join(tmpdir(), "capstan-shells-"));

function script(shell: string): string {
  const file = join(folder, `capstan.${shell}`);
  writeFileSync(file, execFileSync(process.execPath, [CAPSTAN, "completion", shell]));
  return file;
}

function insist(isSo: boolean, what: string, seen: string): void {
  process.stdout.write(`${isSo ? "ok  " : "FAIL"} ${what}\n`);
  if (isSo) return;
  process.stdout.write(`${seen}\n`);
  process.exitCode = 1;
}

/** They are of the machine, not of a package. */
const FISH = "fish";

const fish = script(FISH);
for (const [typed, offered] of [
  ["capstan pl", /^plan\t/m],
  ["capstan rotate ", /^finish\t/m],
  ["capstan plan --trust", /^--trust-head\t/m],
  ["capstan plan --format m", /^markdown/m],
] as const) {
  const seen = execFileSync(FISH, ["--no-config", "-c", `source ${fish}; complete -C "${typed}"`], {
    encoding: "utf8",
    cwd: folder,
  });
  insist(offered.test(seen), `fish: ${typed}`, seen);
}

const zsh = script("zsh");
for (const [typed, offered] of [
  ["capstan pl", "capstan plan"],
  ["capstan rotate fi", "capstan rotate finish"],
  ["capstan plan --trust", "--trust-head"],
  ["capstan plan --format mark", "markdown"],
] as const) {
  const tmux = new Tmux(`PS1="> " zsh -f -i`, { columns: 100, rows: 30, cwd: folder });
  try {
    await tmux.keys(`autoload -U compinit && compinit -u && source ${zsh} && echo LOADED`, "Enter");
    await tmux.see("\nLOADED");
    await tmux.keys(typed, "Tab");
    insist((await tmux.see(offered)).includes(offered), `zsh: ${typed}`, "");
  } finally {
    tmux.close();
  }
}
rmSync(folder, { recursive: true });
