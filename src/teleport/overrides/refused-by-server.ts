import type { KeyHash } from "../../x509/spki.ts";
import type { OverrideEntry } from "./ca-override.ts";
import { sameCertificates } from "./compare-overrides.ts";
import type { FindingCode, OverrideFinding } from "./override-finding.ts";

/** A desired entry, what the cluster has for the same key, and whether the CA has that key at all. */
export interface EntryChange {
  readonly entry: OverrideEntry;
  readonly before: OverrideEntry | undefined;
  readonly known: boolean;
  /** Keys that an earlier rotation is known to have retired: they tell "too late" from "too early". */
  readonly retired: readonly KeyHash[];
}

/** The texts of a finding. */
export type Told = Pick<OverrideFinding, "message" | "remedy" | "serverText">;

/** A rule of the server about one entry: what it tells when the change breaks it, else `null`. */
export interface ImpossibleChange {
  readonly code: FindingCode;
  readonly find: (change: EntryChange) => Told | null;
}

/** L1 (reference 2.5). */
export const KEY_UNKNOWN: ImpossibleChange = {
  code: "key-unknown",
  find: ({ entry: { keyHash }, before, known, retired }) => {
    if (known || before !== undefined) return null;
    const serverText = unknownCertificate(keyHash);
    return retired.includes(keyHash)
      ? { message: "is for a key that a rotation has retired", remedy: "remove the entry", serverText }
      : {
          message: "is for a key that the CA does not have: its rotation has not begun, or is over",
          remedy: "add it when init has brought the key; remove it if the key is gone",
          serverText,
        };
  },
};

/** L2 (reference 2.5). */
export const ORPHAN_ENABLED: ImpossibleChange = {
  code: "orphan-enabled",
  find: ({ entry, before, known }) =>
    !known && before !== undefined && before.state !== "enabled" && entry.state === "enabled"
      ? {
          message: "would be enabled, but its key is gone from the CA",
          remedy: "remove the entry",
          serverText: unknownCertificate(entry.keyHash),
        }
      : null,
};

/** Row S4: sometimes the server would let it pass, with luck in what the stored revocation list says. */
export const ORPHAN_EDITED: ImpossibleChange = {
  code: "orphan-edited",
  find: ({ entry, before, known }) =>
    !known && before !== undefined && !sameCertificates(entry, before)
      ? {
          message: "changes the certificate of a key that is gone from the CA",
          remedy: "remove the entry instead",
        }
      : null,
};

function unknownCertificate(hash: KeyHash): string {
  return `certificate override "${hash}" targets unknown CA certificate`;
}
