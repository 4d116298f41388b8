import { OUT_OF_ROLLBACK, type PlatformWords, type Wording } from "../profile/wording.ts";
import type { Edge, Phase } from "../rotation/phase.ts";
import { isTalosType, type TalosType } from "./authority-types.ts";

/** Talos has no phases of its own: each says what capstan does to the machines (reference talos-rotation 2.2). */
const BY_TYPE: Readonly<Record<TalosType, Readonly<Record<Phase, Wording>>>> = {
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

function ofEdge({ from, to }: Edge, type: string): Wording {
  if (from === "rollback") return OUT_OF_ROLLBACK;
  return BY_TYPE[isTalosType(type) ? type : "talos"][to];
}

/** Talos in words. */
export const WORDS: PlatformWords = {
  ofEdge,
  components: "machines, once for each CA",
  keptNewKey: "compare with `capstan status`; do not go on before the difference is explained",
  tooLate: (type) => `\`capstan rotate finish ${type}\` accepts the new key; a way back is a new rotation`,
  foreign: () =>
    "let who began it end it, or take it back: capstan cannot adopt it, as a ca_rotation has the sealed key of the CA to come. If capstan began it, `git log` has its file",
  unreadListing: "name every machine in spec.talos, and see that it answers",
  notFollowing: "wait; if it does not follow, look at it with `talosctl`, or roll the rotation back",
  oldKeyRefused:
    "capstan tries every machine with a client of the old CA before it calls standby done; a hand that did it proves nothing",
  // The old key is sealed before every swap in any case.
  noBackup: null,
};
