import type { Edge } from "../rotation/phase.ts";

/** What a move means to the people who run the cluster. */
export interface Wording {
  readonly why: string;
  readonly disrupts: string;
  readonly undo: string;
}

/** What a platform calls things where people read it; sentences and clauses. */
export interface PlatformWords {
  /** Of a legal edge. */
  ofEdge(edge: Edge, type: string): Wording;
  /** Over the list of components: who they are. */
  readonly components: string;
  /** Remedy where a rollback left the new key signing. */
  readonly keptNewKey: string;
  /** Remedy where a rollback is wanted and the old key is gone. */
  readonly tooLate: (type: string) => string;
  /** Remedy where somebody began a rotation of the CA by hand, which nothing in git declares. */
  readonly foreign: (type: string) => string;
  /** Remedy where a listing of components could not be read. */
  readonly unreadListing: string;
  /** Remedy where a component does not follow. */
  readonly notFollowing: string;
  /** At the end of a rotation whose key was in wrong hands: what shows that machines refuse it, and what does not. */
  readonly oldKeyRefused: string;
  /** Note where a rotation starts and nobody keeps a backup with the private keys; `null`: that is as it should be. */
  readonly noBackup: string | null;
}

/** The end of a rollback is the same everywhere: the key that it came with goes. */
export const OUT_OF_ROLLBACK: Wording = {
  why: "The new key is dropped; the cluster is where it was before the rotation.",
  disrupts: "every certificate of the new key stops working",
  undo: "start the rotation again",
};
