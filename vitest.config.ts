import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.ts";

/** Tables and properties of the pure rooms: no process, no server, no sandbox, nothing of the module registry is changed. */
const PURE = [
  "test/{artifacts,checklist,fleet,guards,planner,rotation,teleport,toy,x509}/**/*.test.ts",
  "test/views/{columns,event-text,json-text,markdown,plan-text}.test.ts",
  "test/docs/generated.test.ts",
  "test/model/{found,walks}.test.ts",
  "test/{hints,layers,names,security,versions}.test.ts",
];

/** They change what a process has but once, or put something in the place of its files: these have one each. */
const ALONE = [
  "test/model/kills.test.ts",
  "test/talos/kills-in-refs.test.ts",
  "test/views/tui/pictures.test.ts",
];

/**
 * Commands that run in the process of their tests. All mock the same one module, so one registry serves many files;
 * nobody else may meet it.
 */
const COMMANDS = globSync("test/**/*.test.ts", { cwd: import.meta.dirname }).filter((file) =>
  /world\/(in-process|history-story|override-story)\.ts"/.test(readFileSync(file, "utf8")),
);

/** Loading all of capstan anew for each file was a quarter of the time. */
const TOGETHER = { pool: "forks", isolate: false } as const;

/** Run again for each file: so are the mocks, which a module that only a later file loads would be without. */
const OWN_PROCESS = "test/own-process.ts";
const IN_PROCESS = "test/world/in-process.ts";

/**
 * As the executable is built. Vite takes it for what a package is resolved to: the parser of Markdown that looks for its
 * users' mistakes takes longer; so does React, which asks for it in the process of a test, for each screen.
 */
const NODE_ENV = "production";
process.env["NODE_ENV"] = NODE_ENV;

export default defineConfig({
  oxc: { jsx: { development: false } },
  test: {
    // What hangs is ended by this, and nothing else: a busy machine may be ten times slower than a free one.
    testTimeout: 30 * 60_000,
    hookTimeout: 30 * 60_000,
    // The same for a condition that a test waits for: a second of it would be an assertion about time.
    expect: { poll: { timeout: 30 * 60_000 } },
    // More than the cores of a machine of CI: of three, each waited most of its time for processes and clocks of clusters.
    maxWorkers: 5,
    env: { NODE_ENV, GIT_CONFIG_GLOBAL: join(import.meta.dirname, "test", "gitconfig") },
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/totals-reporter.ts"],
    projects: [
      { extends: true, test: { name: "pure", include: PURE, pool: "threads", isolate: false } },
      {
        extends: true,
        test: { name: "commands", include: COMMANDS, setupFiles: [OWN_PROCESS, IN_PROCESS], ...TOGETHER },
      },
      {
        extends: true,
        test: {
          name: "world",
          include: ["test/**/*.test.{ts,tsx}"],
          exclude: [...PURE, ...COMMANDS, ...ALONE],
          setupFiles: [OWN_PROCESS],
          ...TOGETHER,
        },
      },
      { extends: true, test: { name: "alone", include: ALONE, pool: "forks" } },
    ],
  },
});
