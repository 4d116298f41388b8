import type { X509Certificate as NodeCertificate } from "node:crypto";
import type { CertificateParts } from "./certificate-parts.ts";
import type { DistinguishedName } from "./distinguished-name.ts";
import { AsnConvert, X509Certificate } from "./library.ts";
import { spkiOf } from "./spki.ts";

/** The library keeps the decoded structure to subclasses, and says neither version nor attribute order elsewhere. */
class OpenCertificate extends X509Certificate {
  get decoded() {
    return this.asn;
  }
}

/** The parts of any certificate. Throws where it cannot be taken apart; a part that makes no sense throws when it is read. */
export function libraryParts(node: NodeCertificate): CertificateParts {
  const open = new OpenCertificate(node.raw);
  const { tbsCertificate, signatureAlgorithm } = open.decoded;
  const { subject, issuer, extensions } = tbsCertificate;
  return {
    version: (tbsCertificate.version + 1) as CertificateParts["version"],
    serial: Buffer.from(tbsCertificate.serialNumber),
    subject: plainName(subject),
    issuer: plainName(issuer),
    misspelled: notPrintable(subject) ?? notPrintable(issuer),
    get notBefore() {
      return open.notBefore.toISOString();
    },
    get notAfter() {
      return open.notAfter.toISOString();
    },
    get signature() {
      return { oid: signatureAlgorithm.algorithm, hash: open.signatureAlgorithm.hash?.name ?? null };
    },
    get spki() {
      return spkiIn(node, open);
    },
    extensions: (extensions ?? []).map((extension) => ({
      extnID: extension.extnID,
      critical: extension.critical,
      content: Buffer.from(extension.extnValue.buffer),
      der: () => AsnConvert.serialize(extension),
    })),
  };
}

/** The hash is over the bytes as they stand: a re-encoding that differs would name another key. */
function spkiIn(node: NodeCertificate, open: OpenCertificate): Buffer {
  const inNodesWords = spkiOf(node.publicKey);
  if (node.raw.includes(inNodesWords)) return inNodesWords;
  const spki = Buffer.from(open.publicKey.rawData);
  if (!node.raw.includes(spki)) throw new Error("the public key is not in DER");
  return spki;
}

/** Structural, so that the three kinds of decoded names fit. */
type DecodedName = Iterable<
  Iterable<{
    readonly type: string;
    readonly value: { readonly printableString?: string; toString(): string };
  }>
>;

/** The first value that is no PrintableString and says it is: OpenSSL reads that, Go does not. */
function notPrintable(name: DecodedName): string | null {
  const texts = [...name].flatMap((rdn) => [...rdn].map(({ value }) => value.printableString ?? ""));
  return texts.find((text) => !/^[A-Za-z0-9 '()+,\-./:=?*&]*$/.test(text)) ?? null;
}

/** A decoded name as plain data. */
export function plainName(name: DecodedName): DistinguishedName {
  return [...name].map((rdn) => [...rdn].map(({ type, value }) => ({ type, value: value.toString() })));
}
