import type { KeyHash } from "../../x509/spki.ts";

/** One call, as data: the platform spells it (reference 3.3 to 3.5). Never more fields than have to change. */
export type OverrideAction = {
  readonly keyHash: KeyHash;
  readonly purpose: Purpose;
  /** `after-standby`: once the last step of the rotation is done; everything else comes before a phase step. */
  readonly moment: "now" | "after-standby";
  /** What has to be true first, and is not for the platform to find out. */
  readonly needs: readonly Need[];
  /** Only where the server refuses without it, and never without a waiver. */
  readonly force: boolean;
} & OverrideCallFields;

/** What is called, without why. */
export type OverrideCallFields =
  /** Always disabled at first. Without a certificate (a waived key) no sub-command does it, only create or edit. */
  | {
      readonly call: "create-override";
      readonly certificate: string | null;
      readonly chain: readonly string[];
    }
  | { readonly call: "update-override"; readonly set: FieldsToSet }
  | { readonly call: "delete-override" }
  /** No call at all: wait until the cluster shows the entry's revocation list. */
  | { readonly call: "await-crl" };

/** What one `update-override` sets; what is absent stays as it is. */
export interface FieldsToSet {
  readonly certificate?: string;
  /** An empty one clears it. A new certificate keeps the old chain unless this says otherwise. */
  readonly chain?: readonly string[];
  readonly disabled?: boolean;
}

/** What a person has to state before a call. */
export type Need =
  /** A reviewed waiver of the `overrides` guard for this key. */
  | "waiver"
  /** Somebody has acknowledged that the world outside trusts the certificate. */
  | "trust";

/**
 * In the order in which they are safe (reference 9.3):
 *
 *     unblock -> stage -> renew -> await-crl -> enable -> disable -> delete -> waive -> purge -> [phase step] -> retire
 *
 * `unblock` is the purge of an orphan whose revocation list no longer holds: it makes every other write
 * fail. It is a purpose of its own, as plans print it; the call is `delete-override` like that of
 * `delete`, `purge` and `retire`.
 */
export const PURPOSES = [
  "unblock",
  "stage",
  "renew",
  "await-crl",
  "enable",
  "disable",
  "delete",
  "waive",
  "purge",
  "retire",
] as const;

/** Why a call is made; plans and events print it. */
export type Purpose = (typeof PURPOSES)[number];
