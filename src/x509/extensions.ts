import type { Certificate, KeyUsage } from "./certificate.ts";
import {
  AsnConvert,
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsages,
  ExtensionFactory,
  KeyUsageFlags,
  KeyUsages,
  SubjectKeyIdentifier,
} from "./library.ts";

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

/** As the ASN.1 library has decoded one; its content is still DER. */
interface DecodedExtension {
  readonly extnID: string;
  readonly critical: boolean;
  readonly extnValue: { readonly buffer: ArrayBuffer };
}

const NAME_CONSTRAINTS = "2.5.29.30";

/** How the content of each is read, by OID (RFC 5280, 4.2.1). */
const READ: Readonly<Record<string, (content: ArrayBuffer, critical: boolean) => Partial<ExtensionFacts>>> = {
  "2.5.29.14": (content) => ({ subjectKeyId: hex(AsnConvert.parse(content, SubjectKeyIdentifier).buffer) }),
  "2.5.29.15": (content, critical) => ({ keyUsage: usageOf(AsnConvert.parse(content, KeyUsages), critical) }),
  "2.5.29.19": (content, critical) => {
    const { cA, pathLenConstraint } = AsnConvert.parse(content, BasicConstraints);
    return { basicConstraints: { critical, ca: cA, pathLength: pathLenConstraint ?? null } };
  },
  "2.5.29.35": (content) => {
    const { keyIdentifier } = AsnConvert.parse(content, AuthorityKeyIdentifier);
    return keyIdentifier === undefined ? {} : { authorityKeyId: hex(keyIdentifier.buffer) };
  },
  "2.5.29.37": (content) => ({ extendedKeyUsage: [...AsnConvert.parse(content, ExtendedKeyUsages)] }),
};

/**
 * Reads the extensions that rules ask for; all others only so far as they can be read. Throws at one that cannot. The
 * library's own objects for them encode and decode each one three times, which is half of what a certificate costs.
 */
export function readExtensions(extensions: readonly DecodedExtension[]): ExtensionFacts {
  const facts: ExtensionFacts = {
    basicConstraints: null,
    keyUsage: null,
    extendedKeyUsage: null,
    subjectKeyId: null,
    authorityKeyId: null,
    hasNameConstraints: extensions.some(({ extnID }) => extnID === NAME_CONSTRAINTS),
    criticalExtensions: extensions.flatMap(({ extnID, critical }) => (critical ? [extnID] : [])),
  };
  for (const extension of extensions) {
    const read = READ[extension.extnID];
    if (read === undefined) ExtensionFactory.create(AsnConvert.serialize(extension));
    else Object.assign(facts, read(extension.extnValue.buffer, extension.critical));
  }
  return facts;
}

function usageOf(usages: KeyUsages, critical: boolean): KeyUsage {
  const bits = usages.toNumber();
  return {
    critical,
    certSign: (bits & KeyUsageFlags.keyCertSign) !== 0,
    crlSign: (bits & KeyUsageFlags.cRLSign) !== 0,
    // The library makes NaN of a bit string without bits.
    empty: !(bits > 0),
  };
}

function hex(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString("hex");
}
