import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Contenders } from "./contenders.ts";
import { Repositories } from "./repositories.ts";

/** How many races each process runs: many more than in `npm test` by CAPSTAN_TEST_RACES=100. */
const RACES = Number(process.env["CAPSTAN_TEST_RACES"] ?? 0);

const PROCESSES = Array.from({ length: 8 }, (_, index) => `run-${index}`);

describe("who may write: eight processes that race for one lock", { timeout: 3_600_000 }, () => {
  const contenders = new Contenders();

  beforeAll(() => contenders.build());
  afterEach(() => contenders.kill());
  afterAll(() => contenders.remove());

  /** Every time that somebody held it, as they said themselves, one after the other. */
  async function spans(backend: "folder" | "refs", places: readonly string[], races: number) {
    const answers = await Promise.all(
      PROCESSES.map((who, index) =>
        contenders.start(backend, places[index % places.length] ?? "", who, "1", { races }).answers(),
      ),
    );
    const lines = answers.flat();
    expect(lines.filter(({ code }) => code !== undefined && code !== "locked")).toEqual([]);
    expect(lines.filter(({ got }) => got !== undefined)).toHaveLength(PROCESSES.length * races);
    return lines
      .filter(({ until }) => until !== undefined)
      .map(({ from, until }) => [Number(from), Number(until)] as const)
      .toSorted(([left], [right]) => left - right);
  }

  function insistOnOneAtATime(held: readonly (readonly [number, number])[]): void {
    expect(held.length).toBeGreaterThan(0);
    for (const [index, [from]] of held.entries()) {
      expect(from).toBeGreaterThanOrEqual(held[index - 1]?.[1] ?? 0);
    }
  }

  it("in a folder: no two hold it at once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "capstan-races-"));
    try {
      insistOnOneAtATime(await spans("folder", [folder], RACES || 10));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("in refs, from two clones: no two hold it at once", async () => {
    const world = await Repositories.make();
    try {
      insistOnOneAtATime(await spans("refs", [await world.clone(), await world.clone()], RACES || 2));
    } finally {
      await world.remove();
    }
  });
});
