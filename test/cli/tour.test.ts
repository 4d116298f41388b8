import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { flat } from "../world/flat.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const TOUR = join(ROOT, "dist", "sandbox", "tour.js");

it.each([
  ["npm start", [], ["old key, gone", "new key, signs"]],
  [
    "npm start -- talos",
    ["talos"],
    ["old talos CA, gone", "new talos CA, signs", "old kubernetes CA, gone", "new kubernetes CA, signs"],
  ],
])(
  "%s plays to its end, and leaves no process and no file behind",
  async (_, argv, told) => {
    // Other tours may play on this machine, or have been killed on it.
    const own = await mkdtemp(join(tmpdir(), "capstan-stage-"));
    const { exitCode, stdout, stderr } = await played(argv, own);
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    const summary = stdout.slice(stdout.indexOf("What happened"));
    for (const words of told) expect(summary).toMatch(new RegExp(`${words}\\n {4}sha256:[0-9a-f]{64}\\n`));
    await tryNext(summary);
    // The reader sees where he is: 1 of N to N of N.
    const scenes = [...stdout.matchAll(/^── (\d+) of (\d+) {2}/gm)].map(([, at, all]) => [at, all]);
    expect(scenes).toEqual(scenes.map((_, index) => [`${index + 1}`, `${scenes.length}`]));
    expect(scenes.length).toBeGreaterThan(3);
    // `apply` shows the plan that it takes: nothing is printed twice in a row.
    const commands = [...stdout.matchAll(/^\$ (.*)$/gm)].map(([, line = ""]) => line);
    expect(
      commands.filter((line, at) => line === "capstan plan" && commands[at + 1]?.startsWith("capstan apply")),
    ).toEqual([]);
    const tooWide = `${stdout}\n${stderr}`.split("\n").filter((line) => line.length > 80);
    expect(tooWide).toEqual([]);
    expect(stdout + stderr).not.toMatch(/PRIVATE KEY|AGE-SECRET-KEY/);
    expect((await readdir(own)).filter((name) => name.startsWith("capstan-tour-"))).toEqual([]);
    expect((await commandLines()).filter((line) => line.includes(own))).toEqual([]);
    await rm(own, { recursive: true });
  },
  // It may take as long as it likes while it goes on.
  0,
);

const STANDSTILL_MS = 10 * 60_000;

/** Ended when nothing was said for longer than any wait in it may take. */
async function played(argv: readonly string[], folder: string) {
  const tour = execa(process.execPath, [TOUR, ...argv], {
    reject: false,
    stdin: "ignore",
    env: { TMPDIR: folder },
  });
  const watchdog = setTimeout(() => void tour.kill(), STANDSTILL_MS);
  for (const output of [tour.stdout, tour.stderr]) output.on("data", () => watchdog.refresh());
  try {
    return await tour;
  } finally {
    clearTimeout(watchdog);
  }
}

it.each([
  ["nobody reads on", (tour: ChildProcess) => tour.stdout?.destroy(), "nobody reads what it says"],
  ["it is stopped", (tour: ChildProcess) => tour.kill("SIGTERM"), "it was stopped by SIGTERM"],
])(
  "a tour leaves no process and no file behind when %s",
  async (_, stop, says) => {
    const own = await mkdtemp(join(tmpdir(), "capstan-stage-"));
    const tour = spawn(process.execPath, [TOUR], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: own },
    });
    let heard = "";
    let said = "";
    tour.stderr.on("data", (chunk) => {
      said += chunk;
    });
    tour.stdout.on("data", function hear(chunk) {
      heard += chunk;
      // Its sandbox is up.
      if (!heard.includes("$ capstan init")) return;
      tour.stdout.off("data", hear).resume();
      stop(tour);
    });
    const [exit] = await once(tour, "close");
    expect([exit, said]).toEqual([1, expect.stringContaining(`the tour ended early: ${says}`)]);
    expect((await readdir(own)).filter((name) => name.startsWith("capstan-tour-"))).toEqual([]);
    expect((await commandLines()).filter((line) => line.includes(own))).toEqual([]);
    await rm(own, { recursive: true });
  },
  0,
);

it("a tour that there is not says which there are", async () => {
  const { exitCode, stderr } = await execa(process.execPath, [TOUR, "constructor"], { reject: false });
  expect(exitCode).toBe(1);
  expect(flat(stderr)).toContain("there is no tour of constructor, only of teleport, talos");
});

/** What it says to try next, pasted into a shell beside a clone; all but the real Teleport, which takes one. */
async function tryNext(summary: string): Promise<void> {
  const [, said = ""] = summary.split("Try next, from this folder:\n");
  const commands = said.split("\n").filter((line) => line.trim() !== "" && !line.includes("a real one"));
  expect(commands).toHaveLength(4);
  const scratch = await mkdtemp(join(tmpdir(), "capstan-next-"));
  const clone = join(scratch, "clone");
  try {
    await mkdir(clone);
    for (const part of ["dist", "node_modules", "package.json", "schemas"]) {
      await symlink(join(ROOT, part), join(clone, part));
    }
    const script = ["shopt -s expand_aliases", "set -e", ...commands, "capstan sandbox down"].join("\n");
    const { exitCode, stdout, stderr } = await execa("bash", ["-c", script], { cwd: clone, reject: false });
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    expect(await readdir(join(scratch, "my-cas", "clusters"))).toHaveLength(1);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The command lines of all processes, as Linux shows them. */
async function commandLines(): Promise<readonly string[]> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}
