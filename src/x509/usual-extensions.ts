import type { Certificate } from "./certificate.ts";
import { derContent, derInside, derIsTrue, derOid, derValues, TAG } from "./der.ts";

/** What the extensions of a certificate say. */
export type ExtensionFacts = Pick<
  Certificate,
  | "basicConstraints"
  | "keyUsage"
  | "extendedKeyUsage"
  | "subjectKeyId"
  | "authorityKeyId"
  | "hasNameConstraints"
  | "criticalExtensions"
>;

type Read = (content: Buffer, critical: boolean) => Partial<ExtensionFacts> | null;

/** Of the bits of a KeyUsage, the first of which is the highest (RFC 5280, 4.2.1.3). */
const CERT_SIGN = 0x04;
const CRL_SIGN = 0x02;
const KEY_IDENTIFIER = 0x80;

/** How the content of each is read, by OID (RFC 5280, 4.2.1). */
const READ: Readonly<Record<string, Read>> = {
  "2.5.29.14": (content) => {
    const [id, ...more] = derValues(content);
    return more.length > 0 ? null : { subjectKeyId: derContent(id, TAG.octets).toString("hex") };
  },
  "2.5.29.15": (content, critical) => {
    const [value, ...more] = derValues(content);
    const [unused = 8, bits = 0, ...others] = derContent(value, TAG.bits);
    if (more.length + others.length > 0 || unused > 7 || (bits & ((1 << unused) - 1)) !== 0) return null;
    const usage = { certSign: (bits & CERT_SIGN) !== 0, crlSign: (bits & CRL_SIGN) !== 0, empty: bits === 0 };
    return { keyUsage: { critical, ...usage } };
  },
  "2.5.29.19": (content, critical) => {
    const [value, ...more] = derValues(content);
    const [ca, length, ...others] = derInside(value, TAG.sequence);
    if (more.length + others.length > 0) return null;
    if (ca === undefined) return { basicConstraints: { critical, ca: false, pathLength: null } };
    if (!derIsTrue(ca)) return null;
    if (length === undefined) return { basicConstraints: { critical, ca: true, pathLength: null } };
    const [pathLength = 0x80, ...rest] = derContent(length, TAG.integer);
    if (pathLength >= 0x80 || rest.length > 0) return null;
    return { basicConstraints: { critical, ca: true, pathLength } };
  },
  "2.5.29.35": (content) => {
    const [value, ...more] = derValues(content);
    const [id, ...others] = derInside(value, TAG.sequence);
    if (more.length + others.length > 0) return null;
    return { authorityKeyId: derContent(id, KEY_IDENTIFIER).toString("hex") };
  },
  "2.5.29.37": (content) => {
    const [value, ...more] = derValues(content);
    const usages = derInside(value, TAG.sequence);
    return more.length > 0 || usages.length === 0 ? null : { extendedKeyUsage: usages.map(derOid) };
  },
};

/** What an extension says that is written as nearly all are; `null` for every other one, good or bad. */
export function usualExtension(
  oid: string,
  content: Buffer,
  critical: boolean,
): Partial<ExtensionFacts> | null {
  try {
    return READ[oid]?.(content, critical) ?? null;
  } catch {
    return null;
  }
}
