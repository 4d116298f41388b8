import type { Phase } from "../rotation/phase.ts";
import type { Level, NodeState } from "./node-state.ts";

/** What the machines do not show (reference talos-rotation 2.2). */
export interface Memory {
  /** The rotation is on its way out. */
  readonly goesBack: boolean;
  /**
   * The phase that capstan has reached: every machine moved, what it shows was proven, clients were written. In S1
   * nothing but this tells init from update_clients. `null`: nobody remembers, and the machines alone tell.
   */
  readonly reached: Phase | null;
}

/** The phase that has been reached, and where it goes on to when it was left half-way. */
export interface ClusterPhase {
  readonly state: "standby" | "in_progress";
  readonly phase: Phase;
  readonly towards: Phase | null;
}

/** The state of one machine, for one of its two CAs. */
export interface MachineState {
  readonly address: string;
  readonly state: NodeState;
}

/** The states that a rotation passes through, in its order (reference talos-rotation 2.2). */
export const LEVELS: readonly Level[] = ["S0", "S1", "S2", "S3"];

/** The states in words, for people who watch. */
export const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  S0: "old CA alone",
  S1: "old CA signs, new one accepted",
  S2: "new CA signs, old one accepted",
  S3: "new CA alone",
};

/**
 * The phase from the states of all machines (reference 2.3), forwards:
 *
 *     S0        S0+S1             S1                    S1+S2                         S2              S2+S3            S3
 *     standby   standby -> init   init, update_clients  update_clients -> update_servers  update_servers  ... -> standby   standby
 *
 * A phase is reached when all machines are in its state and what it promises was proven; until then the step that
 * leads to it is half-done, and taking it again finishes it. Mixes of states that are not neighbours are broken: they
 * get the phase of the least, and `misplaced` says who has to be repaired.
 */
export function clusterPhase(machines: readonly MachineState[], memory: Memory): ClusterPhase {
  const levels = machines.flatMap(({ state }) => (state === "SX" ? [] : [LEVELS.indexOf(state)]));
  const least = levels.length === 0 ? 0 : Math.min(...levels);
  const most = Math.max(least, ...levels);
  return memory.goesBack ? backwards(least, most, memory) : forwards(least, most, memory);
}

function forwards(least: number, most: number, { reached }: Memory): ClusterPhase {
  const alone = least === most;
  switch (least) {
    case 0:
      return alone ? IDLE : halfWay("standby", "init");
    case 1:
      if (!alone) return halfWay("update_clients", "update_servers");
      if (reached === "update_clients") return at("update_clients");
      return reached === null || reached === "init" ? at("init") : halfWay("standby", "init");
    case 2:
      if (!alone) return halfWay("update_servers", "standby");
      return reached === null || reached === "update_servers"
        ? at("update_servers")
        : halfWay("update_clients", "update_servers");
    default:
      return reached === null || reached === "standby" ? IDLE : halfWay("update_servers", "standby");
  }
}

/** Into rollback and out of it. Who came to S3 is past the point of no return, and goes on. */
function backwards(least: number, most: number, memory: Memory): ClusterPhase {
  const { reached } = memory;
  if (most === 3) return forwards(least, most, { ...memory, goesBack: false });
  if (most === 2) return halfWay("update_servers", "rollback");
  if (most === 0 && (reached === "standby" || reached === null)) return IDLE;
  if (reached === "rollback" || reached === null) {
    return least === 0 ? halfWay("rollback", "standby") : at("rollback");
  }
  return halfWay(reached === "standby" ? "init" : reached, "rollback");
}

const IDLE: ClusterPhase = { state: "standby", phase: "standby", towards: null };

function at(phase: Phase): ClusterPhase {
  return { state: "in_progress", phase, towards: null };
}

function halfWay(phase: Phase, towards: Phase): ClusterPhase {
  return { state: "in_progress", phase, towards };
}

/** The phase that one machine is in, for people. */
export function machinePhase(state: NodeState, { phase, towards }: ClusterPhase): Phase | null {
  const between = [phase, towards];
  switch (state) {
    case "S0":
    case "S3":
      return "standby";
    case "S1":
      return (["rollback", "update_clients"] as const).find((one) => between.includes(one)) ?? "init";
    case "S2":
      return "update_servers";
    case "SX":
      return null;
  }
}

/** A machine that has to be repaired before anything else, and to which state. */
export interface Misplaced extends MachineState {
  /** `null`: nobody knows the CA that it uses. */
  readonly neighbour: Level | null;
}

/**
 * Machines that no longer trust each other's certificates: states that are not neighbours (reference 2.3). The ones
 * that lag are named, with the state next to that of the others.
 */
export function misplaced(machines: readonly MachineState[]): readonly Misplaced[] {
  const most = Math.max(0, ...machines.map(({ state }) => LEVELS.indexOf(state as Level)));
  return machines.flatMap((machine): readonly Misplaced[] => {
    if (machine.state === "SX") return [{ ...machine, neighbour: null }];
    const neighbour = LEVELS[most - 1];
    return most - LEVELS.indexOf(machine.state) > 1 && neighbour !== undefined
      ? [{ ...machine, neighbour }]
      : [];
  });
}
