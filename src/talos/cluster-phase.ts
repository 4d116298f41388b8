import type { Phase } from "../rotation/phase.ts";
import type { Level, NodeState } from "./node-state.ts";

/** What the machines do not show (reference talos-rotation 2.2): which way it goes, and whether clients were told. */
export interface Direction {
  readonly goesBack: boolean;
  /** In S1 nothing tells init from update_clients but this. */
  readonly clientsUpdated: boolean;
}

/** The phase that every machine has reached, and where some have gone already. */
export interface ClusterPhase {
  readonly state: "standby" | "in_progress";
  readonly phase: Phase;
  /** Half-way: some machines are in this phase. */
  readonly towards: Phase | null;
}

export interface MachineState {
  readonly address: string;
  readonly state: NodeState;
}

/**
 * The phase from the states of all machines (reference 2.3):
 *
 *     S0 | S0+S1 | S1             | S1+S2 | S2             | S2+S3 | S3
 *     -- standby->init -- init, update_clients ->update_servers -- ->standby -- standby
 *
 * Other mixes are broken; they are given the least phase, and `misplaced` says who has to be repaired.
 */
export function clusterPhase(machines: readonly MachineState[], direction: Direction): ClusterPhase {
  const levels = levelsOf(machines);
  const least = Math.min(...levels);
  const most = Math.max(...levels);
  const all = levels.length === 0 || least === most;
  if (all) return settled(levels.length === 0 ? 0 : least, direction);
  const { goesBack } = direction;
  if (least === 0) {
    return goesBack && most === 1
      ? { state: "in_progress", phase: "rollback", towards: "standby" }
      : { state: "in_progress", phase: "standby", towards: "init" };
  }
  if (least === 1) {
    return goesBack
      ? { state: "in_progress", phase: "update_servers", towards: "rollback" }
      : { state: "in_progress", phase: "update_clients", towards: "update_servers" };
  }
  return { state: "in_progress", phase: "update_servers", towards: "standby" };
}

function settled(level: number, { goesBack, clientsUpdated }: Direction): ClusterPhase {
  if (level === 0 || level === 3) return { state: "standby", phase: "standby", towards: null };
  if (level === 2) return { state: "in_progress", phase: "update_servers", towards: null };
  const phase = goesBack ? "rollback" : clientsUpdated ? "update_clients" : "init";
  return { state: "in_progress", phase, towards: null };
}

/** The phase that one machine is in, for people. */
export function machinePhase(state: NodeState, direction: Direction): Phase | null {
  return state === "SX" ? null : settled(LEVELS.indexOf(state), direction).phase;
}

export const LEVELS: readonly Level[] = ["S0", "S1", "S2", "S3"];

function levelsOf(machines: readonly MachineState[]): readonly number[] {
  return machines.flatMap(({ state }) => (state === "SX" ? [] : [LEVELS.indexOf(state)]));
}

/** A machine that has to be repaired before anything else, and to which state. */
export interface Misplaced extends MachineState {
  readonly neighbour: Level | null;
}

/**
 * Machines that no longer trust each other's certificates: states that are not neighbours (reference 2.3). The ones
 * that lag are named, with the state next to that of the others; a machine with an unknown CA has no such state.
 */
export function misplaced(machines: readonly MachineState[]): readonly Misplaced[] {
  const unknown = machines.filter(({ state }) => state === "SX");
  if (unknown.length > 0) return unknown.map((machine) => ({ ...machine, neighbour: null }));
  const levels = levelsOf(machines);
  const most = Math.max(0, ...levels);
  return machines.flatMap((machine) => {
    const level = LEVELS.indexOf(machine.state as Level);
    const neighbour = LEVELS[most - 1];
    return most - level > 1 && neighbour !== undefined ? [{ ...machine, neighbour }] : [];
  });
}
