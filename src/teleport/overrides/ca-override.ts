import type { Certificate } from "../../x509/certificate.ts";
import type { RevocationList } from "../../x509/revocation-list.ts";
import type { KeyHash } from "../../x509/spki.ts";
import type { OverrideFinding } from "./override-finding.ts";

/** Teleport's `cert_authority_override`, read: entries by key hash, whatever their order and spelling was. */
export interface CaOverride {
  readonly cluster: string;
  /** `db_client`, `windows`. */
  readonly type: string;
  readonly entries: ReadonlyMap<KeyHash, OverrideEntry>;
  /** By key hash; only those that can be read and belong to an entry with a certificate. */
  readonly crls: ReadonlyMap<KeyHash, RevocationList>;
  /** What reading it found, in the server's order. */
  readonly findings: readonly OverrideFinding[];
  /** `false`: there are list items that no entry stands for, so nothing may be concluded from absence. */
  readonly complete: boolean;
}

/**
 * The legal states (reference 1). An absent entry is simply not in the map.
 *
 *     enabled  E   certificate, in force as soon as its key signs
 *     staged   Dc  certificate, disabled: inert, the server makes a CRL for it all the same
 *     waived   Dk  key hash only, disabled: "this key is deliberately not overridden"
 */
export type EntryState = "enabled" | "staged" | "waived";

interface EntryBase {
  readonly keyHash: KeyHash;
  /** `spec.certificate_overrides[0]`. */
  readonly where: string;
}

/**
 * One entry of `certificate_overrides`: a certificate with its chain, or the statement that a key has none.
 */
export type OverrideEntry = EntryBase &
  (
    | {
        readonly state: "enabled" | "staged";
        readonly certificate: Certificate;
        /** Leaf to root, without the certificate itself. */
        readonly chain: readonly Certificate[];
      }
    | { readonly state: "waived"; readonly certificate: null; readonly chain: readonly [] }
  );

/** A CA type that Teleport can override (reference 4). */
export const OVERRIDABLE_TYPES = ["db_client", "windows"] as const;

/** `kind` of the resource (reference 2.2). */
export const OVERRIDE_KIND = "cert_authority_override";
/** The one `version` that the server takes (reference 2.2). */
export const OVERRIDE_VERSION = "v1";

/** Nothing overridden: an absent resource and an empty list are the same to everybody. */
export function emptyOverride(cluster: string, type: string): CaOverride {
  return { cluster, type, entries: new Map(), crls: new Map(), findings: [], complete: true };
}

/** The states alone, which is all that the state table asks for. */
export function entryStatesOf({ entries }: Pick<CaOverride, "entries">): ReadonlyMap<KeyHash, EntryState> {
  return new Map([...entries].map(([hash, { state }]) => [hash, state]));
}
