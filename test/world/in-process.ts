/**
 * Imported by the files of tests that are about what commands say and do, not about processes: `Repository` then runs
 * them in this process, and so do the emulated executables and the sandbox. Real git, real files, real time.
 */
import { vi } from "vitest";
import type { RunnerOptions } from "../../src/process/runner.ts";
import type { UpOptions } from "../../src/sandbox/spawn-daemon.ts";
import { startSandbox } from "../../src/sandbox/start-teleport.ts";
import { startTalosSandbox } from "../../src/sandbox/talos/start-talos.ts";
import { runHere } from "./command-line.ts";
import { Repository } from "./repository.ts";
import { LONGEST_MS, patience, quickGit, shortcut } from "./shortcut.ts";

// Starting Node for each of a thousand calls of an emulated executable would be most of the time of these tests.
vi.mock("../../src/process/runner.ts", async (original) => {
  const actual = await original<typeof import("../../src/process/runner.ts")>();
  return {
    ...actual,
    createRunner: (options: RunnerOptions = {}) => shortcut(actual.createRunner(options), options),
  };
});

// The record's git is run by a package.
vi.mock("simple-git", async (original) => quickGit(await original<typeof import("simple-git")>()));

// Nor do they need a process for each cluster: whatever asks for it finds it by its folder and its port, as ever.
vi.mock("../../src/sandbox/spawn-daemon.ts", () => ({
  spawnDaemon: async (options: UpOptions) =>
    ("talos" in options ? await startTalosSandbox(options) : await startSandbox(options)).info,
}));

Repository.runsWith(
  async (argv, { folder, env }) => await runHere(argv, { cwd: folder, env: { ...process.env, ...env } }),
);

// For each file anew.
patience.ms = LONGEST_MS;
