import type { Policy } from "../resources/model/desired.ts";
import { formatDuration } from "../resources/model/duration.ts";
import { authorityType, isTalosType, type TalosType } from "../rotation/authority-type.ts";
import { type Edge, isLegalEdge, type Phase } from "../rotation/phase.ts";
import type { EndOfRollback } from "../rotation/way-back.ts";
import type { Finality } from "./finality.ts";

/** What a move means to the people who run the cluster (reference teleport-rotation 1.4, 1.10, 2.2). */
interface Wording {
  readonly why: string;
  readonly disrupts: string;
  readonly undo: string;
}

const FORWARD: Readonly<Record<Exclude<Phase, "rollback">, Wording>> = {
  init: {
    why: "A new key is made and trusted beside the old one. It signs nothing yet.",
    disrupts: "nothing",
    undo: "roll back: the new key is dropped",
  },
  update_clients: {
    why: "The new key signs from now on; components fetch new client certificates. Both keys are trusted.",
    disrupts: "agents before v17 restart their connections; operators log in again",
    undo: "roll back: the old key signs again",
  },
  update_servers: {
    why: "Components present certificates of the new key as servers. Both keys are trusted.",
    disrupts: "agents before v17 restart; who does not trust the new key cannot connect",
    undo: "roll back: the old key signs again",
  },
  standby: {
    why: "The old key is dropped. Whatever still depends on it is cut off.",
    disrupts: "every certificate of the old key stops working",
    undo: "cannot be undone; a way back is a new rotation",
  },
};

const INTO_ROLLBACK: Wording = {
  why: "The old key signs again; components fetch certificates from it. Both keys are trusted.",
  disrupts: "components that had moved to the new key restart or reconnect",
  undo: "not needed: the next step ends the rollback",
};

const OUT_OF_ROLLBACK: Wording = {
  why: "The new key is dropped; the cluster is where it was before the rotation.",
  disrupts: "every certificate of the new key stops working",
  undo: "start the rotation again",
};

/** Where the key sets are turned round in a rollback out of init (recordings/README), the way back is none. */
const INTO_ROLLBACK_TO_NEW: Wording = {
  why: "In this version a rollback out of init makes the new key sign, and from there the only way drops the old one.",
  disrupts: "components fetch certificates of the new key; who is not there when rollback is left is cut off",
  undo: "cannot be undone: staying in init until everybody is there is the safer way",
};

const OUT_OF_ROLLBACK_TO_NEW: Wording = {
  why: "The old key is dropped, not the new one, as here the new key signs in rollback. The rotation is finished by it.",
  disrupts: "every certificate of the old key stops working",
  undo: "cannot be undone; a way back is a new rotation",
};

const OUT_OF_ROLLBACK_UNCLEAR: Wording = {
  why: "A key is dropped, and the key sets do not tell whether it is the old or the new one.",
  disrupts: "every certificate of the key that goes stops working",
  undo: "cannot be undone; a way back is a new rotation",
};

/** For the CAs that no component follows: what they sign, and who outside has to know (reference 2.2). */
const UNFOLLOWED: Readonly<Partial<Record<Phase, (signs: string) => Wording>>> = {
  update_clients: (signs) => ({
    ...FORWARD.update_clients,
    why: `The new key signs from now on: ${signs}. Both keys are trusted.`,
    disrupts: "who was not told of the new key refuses what it signs",
  }),
  update_servers: () => ({
    ...FORWARD.update_servers,
    why: "Nothing changes but the phase: a place to wait and to look. Both keys are trusted.",
    disrupts: "nothing",
  }),
  rollback: (signs) => ({
    ...INTO_ROLLBACK,
    why: `The old key signs again: ${signs}. Both keys are trusted.`,
    disrupts: "who trusts the new key only refuses what the old one signs",
  }),
};

/** Talos has no phases of its own: each says what capstan does to the machines (reference talos-rotation 2.2). */
const ON_TALOS: Readonly<Record<TalosType, Readonly<Record<Phase, Wording>>>> = {
  talos: {
    init: {
      why: "Every machine accepts clients of the new CA, too. The old one signs everything.",
      disrupts: "nothing",
      undo: "roll back: the new CA is taken out again",
    },
    update_clients: {
      why: "A client configuration that works with both CAs is proven on every machine. No machine is changed.",
      disrupts: "nothing",
      undo: "roll back: clients of the old CA are written again",
    },
    update_servers: {
      why: "The new CA signs the certificates of all machines, control planes first. Both are accepted.",
      disrupts: "clients that trust the old CA only refuse the machines",
      undo: "roll back: the old CA signs again, with the key that is sealed in the record",
    },
    standby: {
      why: "No machine accepts the old CA any more, which is proven with a client of it.",
      disrupts: "every client of the old CA is refused; connections that are open stay open",
      undo: "cannot be undone; a way back is a new rotation",
    },
    rollback: {
      why: "The old CA signs the certificates of all machines again. Both are accepted.",
      disrupts: "clients that trust the new CA only refuse the machines",
      undo: "not needed: the next step ends the rollback",
    },
  },
  kubernetes: {
    init: {
      why: "Every machine trusts the new CA, too. The old one signs everything.",
      disrupts: "every kubelet restarts once, and the static pods of one control plane after the other",
      undo: "roll back: the new CA is taken out again",
    },
    update_clients: {
      why: "A kubeconfig that trusts both CAs is written. No machine is changed.",
      disrupts: "nothing",
      undo: "roll back: nothing on a machine has to change for it",
    },
    update_servers: {
      why: "The new CA signs for API servers and kubelets, one control plane after the other. Both are trusted.",
      disrupts:
        "kubelets and static pods restart; workloads that read the CA of the cluster once and never again fail until they are restarted",
      undo: "roll back: the old CA signs again, with the key that is sealed in the record",
    },
    standby: {
      why: "Nobody trusts the old CA any more, which is proven with a client of it. Workers go first.",
      disrupts: "every kubeconfig of the old CA is refused; kubelets and static pods restart",
      undo: "cannot be undone; a way back is a new rotation",
    },
    rollback: {
      why: "The old CA signs for API servers and kubelets again. Both are trusted.",
      disrupts: "kubelets and static pods restart",
      undo: "not needed: the next step ends the rollback",
    },
  },
};

/** What is refused by the phase order says nothing of what it would do: that is more than the text of its last phase. */
const NEVER_TAKEN: Wording = {
  why: "No step of a rotation leads there, so it is not taken.",
  disrupts: "nothing, as it is not taken",
  undo: "nothing to undo",
};

export function wordingOf(edge: Edge, type: string, finality?: Finality): Wording {
  const wording = turnedRound(edge, finality) ?? asUsual(edge, type);
  const who = finality?.who ?? [];
  if (who.length === 0) return wording;
  return {
    ...wording,
    disrupts: `${wording.disrupts}; it cuts off who still lives by the key that goes: ${who.join(", ")}`,
    undo: "cannot be undone for those: they have to join anew",
  };
}

/** Which key goes is read from the key sets; `null` where it is the one that the names of the phases say. */
function turnedRound({ from, to }: Edge, finality: Finality | undefined): Wording | null {
  if (finality === undefined || finality.end === null || finality.end === "new-key-goes") return null;
  if (to === "rollback") return finality.end === "old-key-goes" ? INTO_ROLLBACK_TO_NEW : null;
  if (from !== "rollback") return null;
  return finality.end === "old-key-goes" ? OUT_OF_ROLLBACK_TO_NEW : OUT_OF_ROLLBACK_UNCLEAR;
}

function asUsual({ from, to }: Edge, type: string): Wording {
  if (!isLegalEdge({ from, to })) return NEVER_TAKEN;
  if (isTalosType(type) && from !== "rollback") return ON_TALOS[type][to];
  const known = authorityType(type);
  const unfollowed = known?.reportedByComponents === false ? UNFOLLOWED[to] : undefined;
  if (known !== undefined && unfollowed !== undefined) return unfollowed(known.signs);
  if (to === "rollback") return INTO_ROLLBACK;
  if (from === "rollback") return OUT_OF_ROLLBACK;
  return FORWARD[to];
}

export function verifyWording(phase: Phase): Wording {
  return {
    why: `The authority has reached ${phase}; this looks whether everybody followed, and still holds it.`,
    disrupts: "nothing",
    undo: "nothing to undo: it only looks",
  };
}

/** A look that waits may end in the way back, and whoever lets it begin has to know. */
export function waitWording(
  phase: Phase,
  { onFailure, phaseTimeoutMs }: Policy,
  end: EndOfRollback,
): Wording {
  const looks = verifyWording(phase);
  const isMiddle = phase !== "standby" && phase !== "rollback";
  if (!isMiddle || onFailure === "halt") return looks;
  const within = formatDuration(phaseTimeoutMs);
  if (end !== "new-key-goes") {
    return {
      ...looks,
      disrupts: `nothing; if not all follow within ${within} of apply, it halts in ${phase}, as here the way back is the more dangerous one`,
    };
  }
  return {
    ...looks,
    disrupts: `nothing, if all follow within ${within} of apply; else the rotation is rolled back (on_failure: rollback)`,
  };
}
