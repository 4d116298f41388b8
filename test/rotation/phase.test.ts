import { describe, expect, it } from "vitest";
import {
  isLegalEdge,
  isPointOfNoReturn,
  PHASES,
  rollbackFrom,
  walkBetween,
} from "../../src/rotation/phase.ts";

/** Reference teleport-rotation 1.3, rows from, columns to, in the order of PHASES. */
const LEGAL = [
  ["standby", "- x - - -"],
  ["init", "- - x - x"],
  ["update_clients", "- - - x x"],
  ["update_servers", "x - - - x"],
  ["rollback", "x - - - -"],
] as const;

describe("the 5 × 5 table of edges", () => {
  const cells = LEGAL.flatMap(([from, row]) =>
    row.split(" ").map((cell, column) => ({ from, to: PHASES[column] ?? "standby", legal: cell === "x" })),
  );
  it.each(cells)("$from to $to: legal $legal", ({ from, to, legal }) => {
    expect(isLegalEdge({ from, to })).toBe(legal);
  });
});

describe("the forward walk", () => {
  it.each([
    ["standby", "init", 1],
    ["standby", "standby", 4],
    ["init", "init", 0],
    ["init", "standby", 3],
    ["update_servers", "standby", 1],
  ] as const)("from %s to %s takes %i edges, all of them legal", (from, goal, length) => {
    const walk = walkBetween(from, goal);
    expect(walk).toHaveLength(length);
    expect(walk?.every(isLegalEdge)).toBe(true);
  });

  it.each([
    ["update_clients", "init"],
    ["rollback", "init"],
    ["init", "rollback"],
  ] as const)("from %s to %s is not a forward walk", (from, goal) => {
    expect(walkBetween(from, goal)).toBeNull();
  });
});

describe("rolling back", () => {
  it.each(["init", "update_clients", "update_servers"] as const)("from %s goes through rollback", (phase) => {
    const edges = rollbackFrom(phase);
    expect(edges.map(({ to }) => to)).toEqual(["rollback", "standby"]);
    expect(edges.every(isLegalEdge)).toBe(true);
    expect(edges.some(isPointOfNoReturn)).toBe(false);
  });

  it("has nothing to do in standby", () => {
    expect(rollbackFrom("standby")).toEqual([]);
  });
});
