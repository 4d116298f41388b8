import { knownType } from "../profile/lookup.ts";
import { OUT_OF_ROLLBACK, type PlatformWords, type Wording } from "../profile/wording.ts";
import type { Edge, Phase } from "../rotation/phase.ts";
import { AUTHORITY_TYPES } from "./authority-types.ts";

/** Of the CA that components follow (reference teleport-rotation 1.4, 1.10, 2.2). */
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

function ofEdge({ from, to }: Edge, type: string): Wording {
  const known = knownType({ types: AUTHORITY_TYPES }, type);
  const unfollowed = known?.reportedByComponents === false ? UNFOLLOWED[to] : undefined;
  if (known !== undefined && unfollowed !== undefined) return unfollowed(known.signs);
  if (to === "rollback") return INTO_ROLLBACK;
  if (from === "rollback") return OUT_OF_ROLLBACK;
  return FORWARD[to];
}

/** Teleport in words. */
export const WORDS: PlatformWords = {
  ofEdge,
  components: "components that follow the host CA",
  keptNewKey:
    "Teleport before v7 does this when init is rolled back; the rotation in fact finished. Set `phase: standby` and active_keys to the new key, and update CA pins",
  tooLate: (type) =>
    `\`capstan rotate finish ${type}\` accepts the new key (Teleport before v7 keeps it even when init is rolled back); a way back is a new rotation`,
  foreign: (type) =>
    `adopt it (\`capstan rotate adopt ${type}\` writes a ca_rotation for the rotation under way), or end it by hand`,
  unreadListing: "give capstan's role `list` and `read` on this kind, with wildcard labels",
  notFollowing:
    "wait; if it does not follow, look at its log for `out of sync`: it may have to be reset and joined anew, or the rotation rolled back",
  oldKeyRefused:
    "not proven: that each agent and server refuses the old key. capstan has no certificate of it to try; try one that you kept",
  noBackup:
    "apply keeps only the public state of the CAs: `spec.backup` of the cluster names nobody who keeps their keys",
};
