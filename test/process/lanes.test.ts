import { describe, expect, it } from "vitest";
import { createLanes } from "../../src/process/lanes.ts";

/** Starts tasks that end when they are told to, and knows in which order they started. */
function starter(places: number, names: readonly string[]) {
  const lanes = createLanes(places);
  const limits = new Map(names.map((name) => [name, lanes(name)]));
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const done: Promise<unknown>[] = [];
  return {
    started,
    start(name: string, count: number): void {
      for (let index = 0; index < count; index += 1) {
        const task = `${name}${index}`;
        const run = limits.get(name)?.(() => {
          started.push(task);
          return new Promise<void>((resolve) => ends.set(task, resolve));
        });
        if (run !== undefined) done.push(run);
      }
    },
    async end(task: string): Promise<void> {
      ends.get(task)?.();
      // Enough turns for the next one to start.
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    },
  };
}

describe("places that several lanes share", () => {
  it("are all there for a lane that is alone", () => {
    const { start, started } = starter(12, ["a"]);
    start("a", 20);
    expect(started).toHaveLength(12);
  });

  it("are never all taken by one of several, so that what hangs there holds up nobody else", async () => {
    const names = ["a", "b", "c", "d"];
    const { start, started, end } = starter(12, names);
    start("a", 11);
    expect(started).toHaveLength(3);
    for (const name of names.slice(1)) start(name, 11);
    expect(started).toHaveLength(12);
    // Nothing of the first ends, and all of the others get through.
    for (let round = 0; round < 40; round += 1) {
      const next = started.findLast((task) => !task.startsWith("a")) ?? "";
      for (const task of started.filter((one) => !one.startsWith("a"))) await end(task);
      if (started.filter((task) => !task.startsWith("a")).length === 33) break;
      expect(next).not.toBe("");
    }
    expect(started.filter((task) => !task.startsWith("a"))).toHaveLength(33);
    expect(started.filter((task) => task.startsWith("a"))).toHaveLength(3);
  });

  it("are left to the others by three of many that hang, and by as many as there are places but one", async () => {
    for (const hanging of [["a", "b", "c"], [..."abcdefghijk"]]) {
      const healthy = [..."lmnopqrstuvw"];
      const { start, started, end } = starter(12, [...hanging, ...healthy]);
      for (const name of [...hanging, ...healthy]) start(name, 11);
      const ended = new Set<string>();
      const ready = () => started.find((task) => !ended.has(task) && healthy.includes(task.charAt(0)));
      for (let task = ready(); task !== undefined; task = ready()) {
        ended.add(task);
        await end(task);
      }
      expect(ended.size).toBe(healthy.length * 11);
    }
  });

  it("are all taken, by however few lanes", () => {
    for (let count = 1; count <= 12; count += 1) {
      const names = [..."abcdefghijkl"].slice(0, count);
      const { start, started } = starter(12, names);
      for (const name of names) start(name, 12);
      expect(started.length).toBeGreaterThanOrEqual(12);
    }
  });

  it("go in turn", async () => {
    const { start, started, end } = starter(3, ["a", "b", "c"]);
    for (const name of ["a", "b", "c"]) start(name, 3);
    expect(started).toEqual(["a0", "b0", "c0"]);
    for (const task of ["a0", "b0", "c0", "a1", "b1", "c1"]) await end(task);
    expect(
      started
        .map((task) => task.charAt(0))
        .slice(3, 6)
        .toSorted(),
    ).toEqual(["a", "b", "c"]);
    expect(
      started
        .map((task) => task.charAt(0))
        .slice(6)
        .toSorted(),
    ).toEqual(["a", "b", "c"]);
  });

  it("are given back by a task that throws", async () => {
    const lane = createLanes(1)("a");
    await expect(lane(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(lane(async () => "yes")).resolves.toBe("yes");
  });
});
