import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Phase } from "../../src/rotation/phase.ts";
import { clusterPhase, LEVELS, machinePhase, misplaced } from "../../src/talos/cluster-phase.ts";
import type { Level, NodeState } from "../../src/talos/node-state.ts";
import { levelOf, movesTo, type Walker } from "../../src/talos/walk.ts";

function machines(...states: readonly NodeState[]) {
  return states.map((state, index) => ({ address: `10.0.0.${index + 2}`, state }));
}

function shown(states: readonly NodeState[], goesBack: boolean, reached: Phase | null): string {
  const { state, phase, towards } = clusterPhase(machines(...states), { goesBack, reached });
  return `${state === "standby" ? "idle " : ""}${phase}${towards === null ? "" : ` -> ${towards}`}`;
}

describe("the phase of a cluster (reference talos-rotation 2.3)", () => {
  it.each<readonly [string, boolean, Phase | null, string]>([
    ["S0 S0", false, null, "idle standby"],
    ["S0 S1", false, "standby", "standby -> init"],
    ["S1 S1", false, "standby", "standby -> init"],
    ["S1 S1", false, "init", "init"],
    ["S1 S1", false, "update_clients", "update_clients"],
    ["S1 S1", false, null, "init"],
    ["S1 S2", false, "update_clients", "update_clients -> update_servers"],
    ["S2 S2", false, "update_clients", "update_clients -> update_servers"],
    ["S2 S2", false, "update_servers", "update_servers"],
    ["S2 S2", false, null, "update_servers"],
    ["S2 S3", false, "update_servers", "update_servers -> standby"],
    ["S3 S3", false, "update_servers", "update_servers -> standby"],
    ["S3 S3", false, "standby", "idle standby"],
    ["S3 S3", false, null, "idle standby"],
    // On the way out.
    ["S0 S1", true, "standby", "init -> rollback"],
    ["S1 S1", true, "init", "init -> rollback"],
    ["S1 S1", true, "update_clients", "update_clients -> rollback"],
    ["S2 S2", true, "update_servers", "update_servers -> rollback"],
    ["S1 S2", true, "update_servers", "update_servers -> rollback"],
    ["S1 S1", true, "update_servers", "update_servers -> rollback"],
    ["S1 S1", true, "rollback", "rollback"],
    ["S0 S1", true, "rollback", "rollback -> standby"],
    ["S0 S0", true, "rollback", "rollback -> standby"],
    ["S0 S0", true, "standby", "idle standby"],
    // Past the point of no return there is no way out.
    ["S2 S3", true, "update_servers", "update_servers -> standby"],
  ])("%s, going back: %s, reached %s", (states, goesBack, reached, expected) => {
    expect(shown(states.split(" ") as NodeState[], goesBack, reached)).toBe(expected);
  });

  it("names who has to be repaired first, and to which state", () => {
    const said = (...states: readonly NodeState[]) =>
      misplaced(machines(...states)).map(
        ({ address, state, neighbour }) => `${address} ${state} ${neighbour}`,
      );
    expect(said("S0", "S1")).toEqual([]);
    expect(said("S0", "S2", "S2")).toEqual(["10.0.0.2 S0 S1"]);
    expect(said("S0", "S1", "S2")).toEqual(["10.0.0.2 S0 S1"]);
    expect(said("S3", "S0", "S1")).toEqual(["10.0.0.3 S0 S2", "10.0.0.4 S1 S2"]);
    expect(said("S0", "SX")).toEqual(["10.0.0.3 SX null"]);
  });

  it("shows a machine in the phase of its own state", () => {
    const at = (state: NodeState, phase: Phase, towards: Phase | null = null) =>
      machinePhase(state, { state: "in_progress", phase, towards });
    expect(at("S0", "standby", "init")).toBe("standby");
    expect(at("S1", "standby", "init")).toBe("init");
    expect(at("S1", "update_clients", "update_servers")).toBe("update_clients");
    expect(at("S1", "update_servers", "rollback")).toBe("rollback");
    expect(at("S2", "update_servers", "standby")).toBe("update_servers");
    expect(at("S3", "update_servers", "standby")).toBe("standby");
    expect(at("SX", "standby")).toBeNull();
  });
});

const EDGES = [
  ["standby", "init"],
  ["update_clients", "update_servers"],
  ["update_servers", "standby"],
  ["update_servers", "rollback"],
  ["rollback", "standby"],
] as const;

/** From any half-done state of an edge, one machine after the other. */
describe("the walk of a transition", () => {
  const walker = fc.record({
    machineType: fc.constantFrom("controlplane" as const, "worker" as const),
    moved: fc.boolean(),
  });

  it("passes through neighbouring states only, ends in the target, and can be taken again from anywhere", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...EDGES),
        fc.constantFrom("talos" as const, "kubernetes" as const),
        fc.array(walker, { minLength: 1, maxLength: 7 }),
        fc.nat(7),
        ([from, to], type, drawn, killedAfter) => {
          const target = levelOf(from, to);
          if (target === null) throw new Error("every one of these edges moves machines");
          const source = SOURCES[`${from}-${to}`] ?? "S0";
          let all: readonly Walker[] = drawn.map(({ machineType, moved }, index) => ({
            address: `10.0.0.${index}`,
            machineType,
            state: moved ? target : source,
          }));
          const take = (limit: number) => {
            for (const move of movesTo(target, all, { type, onlyBack: to === "rollback" }).slice(0, limit)) {
              expect(Math.abs(LEVELS.indexOf(move.from) - LEVELS.indexOf(move.to))).toBeLessThanOrEqual(1);
              all = all.map((one) => (one.address === move.address ? { ...one, state: move.to } : one));
              expect(misplaced(all)).toEqual([]);
            }
          };
          take(killedAfter);
          take(Number.POSITIVE_INFINITY);
          expect(all.every(({ state }) => state === target)).toBe(true);
        },
      ),
    );
  });

  it("begins with control planes, except when Kubernetes drops a CA", () => {
    const all: readonly Walker[] = [
      { address: "w", machineType: "worker", state: "S1" },
      { address: "c", machineType: "controlplane", state: "S1" },
    ];
    const order = (target: Level, type: "talos" | "kubernetes") =>
      movesTo(target, all, { type, onlyBack: false })
        .map(({ address }) => address)
        .join("");
    expect(order("S2", "talos")).toBe("cw");
    expect(order("S0", "talos")).toBe("cw");
    expect(order("S2", "kubernetes")).toBe("cw");
    expect(order("S0", "kubernetes")).toBe("wc");
  });

  it("moves nobody forward on the way into rollback", () => {
    const all: readonly Walker[] = [
      { address: "old", machineType: "controlplane", state: "S0" },
      { address: "new", machineType: "controlplane", state: "S2" },
    ];
    const moves = movesTo("S1", all, { type: "talos", onlyBack: true });
    expect(moves).toEqual([{ address: "new", from: "S2", to: "S1" }]);
  });
});

const SOURCES: Readonly<Record<string, Level>> = {
  "standby-init": "S0",
  "update_clients-update_servers": "S1",
  "update_servers-standby": "S2",
  "update_servers-rollback": "S2",
  "rollback-standby": "S1",
};
