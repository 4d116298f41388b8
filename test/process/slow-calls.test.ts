import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Runner } from "../../src/process/runner.ts";
import { tellingOfSlowCalls } from "../../src/process/slow-calls.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const OUTCOME = { argv: ["tctl"], exitCode: 0, stdout: "", stderr: "", durationMs: 1 };

/** A runner whose calls end when the test says so. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<typeof OUTCOME>();
  const runner: Runner = { run: () => promise, stream: () => promise };
  return { runner, end: () => resolve(OUTCOME), fail: () => reject(new Error("refused")) };
}

it("a call that does not end is named, ever more rarely, until it ends", async () => {
  const { runner, end } = held();
  const lines: string[] = [];
  const call = tellingOfSlowCalls(runner, (line) => lines.push(line)).stream(
    { argv: ["tctl", "get", "nodes"] },
    () => {},
  );
  vi.advanceTimersByTime(9_999);
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(100_000);
  expect(lines).toEqual([
    "still waiting for tctl get nodes (10 s)",
    "still waiting for tctl get nodes (20 s)",
    "still waiting for tctl get nodes (40 s)",
    "still waiting for tctl get nodes (80 s)",
  ]);
  end();
  expect(await call).toBe(OUTCOME);
  vi.advanceTimersByTime(1_000_000);
  expect(lines).toHaveLength(4);
});

it("nothing is said of a call that has failed, nor of its secrets", async () => {
  const { runner, fail } = held();
  const lines: string[] = [];
  const call = tellingOfSlowCalls(runner, (line) => lines.push(line)).run({
    argv: ["tctl", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"],
  });
  vi.advanceTimersByTime(10_000);
  expect(lines.join()).not.toContain("MIIE");
  fail();
  await expect(call).rejects.toThrow("refused");
  vi.advanceTimersByTime(1_000_000);
  expect(lines).toHaveLength(1);
});
