import { failWith } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import type { Finding } from "../../rotation/plan.ts";
import { isTalosType, type TalosType } from "../authority-types.ts";
import { misplaced } from "../cluster-phase.ts";
import { type TalosFacts, talosFacts } from "../facts.ts";
import type { Level } from "../node-state.ts";

/** Also on the way out: states that are not neighbours do not trust each other (reference talos-rotation 2.3). */
export const machineStates: Guard = {
  id: "machine-states",
  about: "cluster",
  refuses: "a step while machines are in states that are not neighbours, or use a CA that nobody knows",
  waivable: false,
  subjects: ["machine"],
  appliesTo: ({ edge }) => edge.from !== edge.to,
  judge: ({ observation, authority: { type }, edge }) => {
    const talos = talosFacts(observation);
    if (talos === undefined || !isTalosType(type)) return failWith([]);
    const machines = statesIn(talos, type);
    const broken = misplaced(machines).map(({ address, state, neighbour }) => ({
      subject: `machine/${address}`,
      ...(neighbour === null ? UNKNOWN_CA : repair(state as Level, neighbour)),
    }));
    if (broken.length > 0 || edge.to !== "rollback") return failWith(broken);
    return failWith(machines.filter(({ state }) => state === "S3").map(({ address }) => tooLate(address)));
  },
};

function statesIn({ machines }: TalosFacts, type: TalosType) {
  return machines.flatMap(({ address, found }) =>
    found === null ? [] : [{ address, state: found.states[type] }],
  );
}

const UNKNOWN_CA = {
  message: "signs with a CA that is neither the old nor the new one",
  remedy:
    "find out who put it there; put the old or the new CA back with `talosctl patch` before anything else",
};

/** What a machine that lags has to be told, by the state that it has to reach. */
const REPAIRS: Readonly<Record<Level, string>> = {
  S0: "take the new CA out of its acceptedCAs",
  S1: "add the new CA to its acceptedCAs",
  S2: "make the new CA its issuing one, and the old one accepted",
  S3: "take the old CA out of its acceptedCAs",
};

function repair(state: Level, neighbour: Level): Pick<Finding, "message" | "remedy"> {
  return {
    message: `is in ${state}, and others are two states on: they do not trust each other's certificates`,
    remedy: `repair it before anything else: ${REPAIRS[neighbour]} (${neighbour}), with a client that it still accepts`,
  };
}

function tooLate(address: string): Finding {
  return {
    subject: `machine/${address}`,
    message: "no longer accepts the old CA: the point of no return is behind it",
    remedy: "finish the rotation; a way back is a new one",
  };
}
