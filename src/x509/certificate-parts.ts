import type { Certificate, Signature } from "./certificate.ts";
import type { DistinguishedName } from "./distinguished-name.ts";

/** The parts of a certificate that Node does not show, or shows as text only. Of a flawed one, reading a part may throw. */
export interface CertificateParts {
  readonly version: Certificate["version"];
  /** The content of the number, as it stands. */
  readonly serial: Buffer;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** The first part of a name that says it is a PrintableString, and is none. */
  readonly misspelled: string | null;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly signature: Signature;
  /** SubjectPublicKeyInfo, as it stands: in another encoding it would name another key. */
  readonly spki: Buffer;
  readonly extensions: readonly UnreadExtension[];
}

/** An extension whose content is still DER. */
export interface UnreadExtension {
  readonly extnID: string;
  readonly critical: boolean;
  readonly content: Buffer;
  /** The whole of it. */
  readonly der: () => ArrayBuffer;
}
