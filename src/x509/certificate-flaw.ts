/**
 * Why Go would not take a certificate, in the order in which that is found out; OpenSSL minds only the first.
 */
export type CertificateFlaw =
  /** No certificate at all. */
  | { readonly kind: "malformed" }
  | { readonly kind: "trailing-data" }
  | { readonly kind: "serial-negative" }
  | { readonly kind: "extension-twice"; readonly oid: string }
  /** A part of a name that says it is a PrintableString, and is none. */
  | { readonly kind: "name-not-printable"; readonly text: string }
  | { readonly kind: "curve-unsupported"; readonly curve: string }
  /** A certificate, with a part that is no DER or that makes no sense. */
  | { readonly kind: "unreadable-part" };
