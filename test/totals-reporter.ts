import type { Reporter, TestModule } from "vitest/node";

/** Prints the totals as one plain line, `N passed, N failed`, for whoever reads the log of CI. */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that does not even load is a failure that no test counts.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const skipped = count("skipped");
    process.stdout.write(
      `${count("passed")} passed, ${count("failed") + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
    );
  }
}
