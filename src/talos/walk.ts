import type { Phase } from "../rotation/phase.ts";
import type { TalosType } from "./authority-types.ts";
import { LEVELS } from "./cluster-phase.ts";
import type { MachineType } from "./machine-config.ts";
import type { Level } from "./node-state.ts";

/** A machine and how far it is. */
export interface Walker {
  readonly address: string;
  readonly machineType: MachineType;
  readonly state: Level;
}

/** What is to be done about one machine: a change, or a look whether it is as it should be. */
export interface MachineMove {
  readonly address: string;
  readonly from: Level;
  readonly to: Level;
}

/** The state of every machine once a phase is reached; `null`: nobody moves. */
export function levelOf(from: Phase, to: Phase): Level | null {
  switch (to) {
    case "init":
      return "S1";
    case "update_clients":
      return null;
    case "update_servers":
      return "S2";
    case "rollback":
      return "S1";
    case "standby":
      return from === "rollback" ? "S0" : "S3";
  }
}

/**
 * Every machine in the order of a transition (reference talos-rotation 2.5). Control planes go first, as a worker
 * takes what it trusts from them; only when Kubernetes drops a CA, workers do, so that their kubelets come back
 * against API servers that still accept both. Who is there already stays in the order: a run that was killed may have
 * left it in the middle of a restart. On the way into rollback nobody moves forward.
 */
export function movesTo(
  target: Level,
  machines: readonly Walker[],
  { type, onlyBack }: { readonly type: TalosType; readonly onlyBack: boolean },
): readonly MachineMove[] {
  const drops = target === "S0" || target === "S3";
  const workersFirst = type === "kubernetes" && drops;
  const rank = ({ machineType }: Walker) => ((machineType === "worker") === workersFirst ? 0 : 1);
  return machines
    .filter(({ state }) => !onlyBack || LEVELS.indexOf(state) >= LEVELS.indexOf(target))
    .toSorted((left, right) => rank(left) - rank(right))
    .map(({ address, state }) => ({ address, from: state, to: target }));
}
