import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createRunner } from "../../src/process/runner.ts";
import { tellingWhileSlow } from "../../src/process/slow-calls.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => vi.useRealTimers());

it("a call that does not end is named, ever more rarely, until it ends", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const lines: string[] = [];
  const call = tellingWhileSlow(
    () => "tctl get nodes",
    promise,
    (line) => lines.push(line),
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
  resolve("done");
  expect(await call).toBe("done");
  vi.advanceTimersByTime(1_000_000);
  expect(lines).toHaveLength(4);
});

it("nothing is said of a call that has failed", async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  const lines: string[] = [];
  const call = tellingWhileSlow(
    () => "tctl",
    promise,
    (line) => lines.push(line),
  );
  vi.advanceTimersByTime(10_000);
  reject(new Error("refused"));
  await expect(call).rejects.toThrow("refused");
  vi.advanceTimersByTime(1_000_000);
  expect(lines).toHaveLength(1);
});

it("a call that waits for its turn is not named, as nobody waits for it yet; nor are secrets of one that runs", async () => {
  const lines: string[] = [];
  let isFirst = true;
  let begun = () => {};
  const runs = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const turn = Promise.withResolvers<void>();
  const runner = createRunner({
    tell: (line) => lines.push(line),
    limit: async (task) => {
      if (!isFirst) await turn.promise;
      isFirst = false;
      return await task();
    },
  });
  const secret = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----";
  const first = runner.stream({ argv: ["sh", "-c", "echo up; cat", secret], stdin: "" }, () => begun());
  const second = runner.run({ argv: ["true"] });
  await runs;
  vi.advanceTimersByTime(10_000);
  turn.resolve();
  await Promise.all([first, second]);
  expect(lines.filter((line) => line.includes("true"))).toEqual([]);
  expect(lines.join()).not.toContain("MIIE");
});
