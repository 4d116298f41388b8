import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    // What hangs is ended by this, and nothing else: a busy machine may be ten times slower than a free one.
    testTimeout: 30 * 60_000,
    hookTimeout: 30 * 60_000,
    // The same for a condition that a test waits for: a second of it would be an assertion about time.
    expect: { poll: { timeout: 30 * 60_000 } },
    // Most of the time is spent waiting for processes and clocks of clusters, not on a core.
    maxWorkers: 3,
    reporters: ["default", "./test/totals-reporter.ts"],
  },
});
