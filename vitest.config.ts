import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Most of the time is spent waiting for processes and clocks of clusters, not on a core.
    maxWorkers: 3,
    reporters: ["default", "./test/totals-reporter.ts"],
  },
});
