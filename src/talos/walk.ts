import type { TalosType } from "../rotation/authority-type.ts";
import type { Phase } from "../rotation/phase.ts";
import { LEVELS } from "./cluster-phase.ts";
import type { MachineType } from "./machine-config.ts";
import type { Level } from "./node-state.ts";

/** A machine, how far it is, and whether its configuration says so exactly. */
export interface Walker {
  readonly address: string;
  readonly machineType: MachineType;
  readonly state: Level;
  /** Its configuration is not written the way the state is: it is put in order without moving. */
  readonly untidy: boolean;
}

/** The next change of one machine. */
export interface Move {
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
 * Everything that is left to do, in order (reference talos-rotation 2.5). Control planes go first, as a worker takes
 * what it trusts from them; only when Kubernetes drops a CA, workers do, so that their kubelets come back against
 * API servers that still accept both. On the way into rollback nobody moves forward.
 */
export function movesTo(
  target: Level,
  machines: readonly Walker[],
  { type, onlyBack }: { readonly type: TalosType; readonly onlyBack: boolean },
): readonly Move[] {
  const drops = target === "S0" || target === "S3";
  const workersFirst = type === "kubernetes" && drops;
  const rank = ({ machineType }: Walker) => ((machineType === "worker") === workersFirst ? 0 : 1);
  return machines
    .toSorted((left, right) => rank(left) - rank(right))
    .flatMap((machine) => {
      const { address, state, untidy } = machine;
      const distance = LEVELS.indexOf(target) - LEVELS.indexOf(state);
      if (distance === 0) return untidy ? [{ address, from: state, to: state }] : [];
      if (onlyBack && distance > 0) return [];
      return [{ address, from: state, to: target }];
    });
}
