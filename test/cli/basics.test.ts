import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");

/** The executable with another idea of where it runs. */
async function pretending(property: string, value: string, ...args: readonly string[]) {
  const pretend = `data:text/javascript,Object.defineProperty(${property},{value:'${value}'})`;
  return await execa(process.execPath, ["--import", pretend, CAPSTAN, ...args], { reject: false });
}

const onNode = (version: string, ...args: readonly string[]) =>
  pretending("process.versions,'node'", version, ...args);

describe("the executable", () => {
  it("says its version", async () => {
    const { stdout, exitCode } = await execa(process.execPath, [CAPSTAN, "--version"], { reject: false });
    expect(stdout).toBe(packageJson.version);
    expect(exitCode).toBe(0);
  });

  it.each([["--help"], ["help", "plan"], ["validate", "--format", "json"]])(
    "%s ends quietly when nobody reads on, as in `| head -1`",
    async (...args) => {
      const cwd = await mkdtemp(join(tmpdir(), "capstan-quiet-"));
      const running = execa(process.execPath, [CAPSTAN, ...args], { reject: false, cwd });
      running.stdout.destroy();
      const { stderr, exitCode } = await running;
      await rm(cwd, { recursive: true });
      expect(flat(stderr)).not.toContain("EPIPE");
      expect(exitCode).toBeLessThanOrEqual(1);
    },
  );

  it.each(["20.19.0", "22.17.1"])("on Node %s says which it needs, and exits 1", async (version) => {
    const { stderr, exitCode } = await onNode(version, "--version");
    expect(exitCode).toBe(1);
    expect(flat(stderr)).toContain(`capstan needs Node 22.18 or newer; this is Node ${version}`);
    expect(flat(stderr)).toContain("→ put a newer one first in PATH");
  });

  it.each(["22.18.0", "24.0.0"])("runs on Node %s", async (version) => {
    expect((await onNode(version, "--version")).exitCode).toBe(0);
  });

  it("on Windows says where it runs, and exits 1", async () => {
    const { stdout, stderr, exitCode } = await pretending("process,'platform'", "win32", "validate");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^capstan runs on Linux and macOS, and this is Windows\.\n {2}→ .*\bWSL\b/);
  });

  it.each([
    [["plna"], "plan"],
    [["rotate", "strat", "host"], "start"],
    [["plan", "--formta", "json"], "--format"],
  ])("%j is an error that suggests %s", async (args, meant) => {
    const { stderr, exitCode } = await execa(process.execPath, [CAPSTAN, ...args], { reject: false });
    expect(exitCode).toBe(1);
    expect(flat(stderr)).toContain(`Did you mean ${meant}?`);
  });

  it.each([
    ["--help"],
    ["init"],
    ["validate"],
    ["status"],
    ["plan"],
    ["apply"],
    ["rotate"],
    ["sandbox"],
    ["sandbox fault"],
    ["doctor"],
  ])("%s explains itself within 80 columns", async (command) => {
    const args = command === "--help" ? [command] : [...command.split(" "), "--help"];
    const { stdout, exitCode } = await execa(process.execPath, [CAPSTAN, ...args], { reject: false });
    expect(exitCode).toBe(0);
    for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});

it("--help was rendered by the build: it is what `capstan help` says, however wide the terminal", async () => {
  const ask = async (word: string) => (await execa(process.execPath, [CAPSTAN, word])).stdout;
  expect(await ask("--help")).toBe(await ask("help"));
  expect(await ask("--help")).toContain("Usage: capstan");
});

describe("a folder without resources", () => {
  it.each(["plan", "apply", "status", "doctor", "validate"])(
    "%s says what to do, and exits 1",
    async (command) => {
      const repository = await Repository.create();
      const ran = await repository.capstan(command);
      expect(ran.exit).toBe(1);
      expect(ran.stderr + ran.stdout).toContain("capstan init");
      await repository.remove();
    },
  );
});
