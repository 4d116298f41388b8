import type { DistinguishedName } from "./distinguished-name.ts";

/** A revocation list, judged against the key of the certificate that it belongs to. */
export interface RevocationList {
  readonly issuer: DistinguishedName;
  /** ISO 8601. */
  readonly thisUpdate: string;
  /** ISO 8601; `null` when it does not say until when it holds. */
  readonly nextUpdate: string | null;
  readonly signatureValid: boolean;
}
