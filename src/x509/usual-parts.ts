import type { X509Certificate } from "node:crypto";
import type { Signature } from "./certificate.ts";
import type { CertificateParts, UnreadExtension } from "./certificate-parts.ts";
import { type DerValue, derContent, derInside, derIsTrue, derOid, derValues, TAG } from "./der.ts";
import type { DistinguishedName } from "./distinguished-name.ts";
import { spkiOf } from "./spki.ts";

/** RFC 5280, 4.1; the other versions have no extensions. */
const VERSION_3 = Buffer.from([TAG.integer, 1, 2]);
const EXPLICIT_VERSION = 0xa0;
const EXPLICIT_EXTENSIONS = 0xa3;

/** RFC 5758, RFC 4055, RFC 8410: those whose hash is in their name. */
const HASHES: Readonly<Record<string, string | null>> = {
  "1.2.840.10045.4.3.2": "SHA-256",
  "1.2.840.10045.4.3.3": "SHA-384",
  "1.2.840.10045.4.3.4": "SHA-512",
  "1.2.840.113549.1.1.11": "SHA-256",
  "1.2.840.113549.1.1.12": "SHA-384",
  "1.2.840.113549.1.1.13": "SHA-512",
  "1.3.101.112": null,
};

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The parts of a certificate as nearly all are written: version 3, in DER throughout, names of UTF-8 and printable text,
 * one of the signatures of today. `null` for every other one, good or bad, which a library has to judge: that takes
 * twenty times as long.
 */
export function usualParts({ raw, publicKey }: X509Certificate): CertificateParts | null {
  try {
    const [certificate, ...after] = derValues(raw);
    const [tbs, algorithm, signature, ...more] = derInside(certificate, TAG.sequence);
    const [version, serial, inner, issuer, validity, subject, spki, extensions, ...others] = derInside(
      tbs,
      TAG.sequence,
    );
    if (after.length + more.length + others.length > 0 || spki === undefined) return null;
    derContent(signature, TAG.bits);
    // A key that is written in another way than OpenSSL does has to be looked at.
    if (!spki.whole.equals(spkiOf(publicKey))) return null;
    if (!derContent(version, EXPLICIT_VERSION).equals(VERSION_3)) return null;
    if (algorithm === undefined || inner?.whole.equals(algorithm.whole) !== true) return null;
    const [notBefore, notAfter, ...times] = derInside(validity, TAG.sequence);
    if (times.length > 0) return null;
    return {
      version: 3,
      serial: serialIn(serial),
      subject: nameIn(subject),
      issuer: nameIn(issuer),
      misspelled: null,
      notBefore: timeIn(notBefore),
      notAfter: timeIn(notAfter),
      signature: signatureIn(algorithm),
      spki: spki.whole,
      extensions: extensionsIn(extensions),
    };
  } catch {
    return null;
  }
}

function serialIn(value: DerValue | undefined): Buffer {
  const serial = derContent(value, TAG.integer);
  const [first, second] = serial;
  if (first === undefined || (first === 0 && second !== undefined && second < 0x80)) {
    throw new Error("a number longer than it needs");
  }
  return serial;
}

function nameIn(value: DerValue | undefined): DistinguishedName {
  return derInside(value, TAG.sequence).map((rdn) =>
    derInside(rdn, TAG.set).map((attribute) => {
      const [type, text, ...more] = derInside(attribute, TAG.sequence);
      if (more.length > 0) throw new Error("more than an attribute");
      return { type: derOid(type), value: textIn(text) };
    }),
  );
}

function textIn(value: DerValue | undefined): string {
  if (value?.tag === TAG.utf8) return utf8.decode(value.content);
  const text = derContent(value, TAG.printable).toString("latin1");
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw new Error("no PrintableString");
  return text;
}

/** RFC 5280, 4.1.2.5: with seconds, in Greenwich time; two digits of a year are those of 1950 to 2049. */
function timeIn(value: DerValue | undefined): string {
  const short = value?.tag === TAG.utcTime;
  const text = derContent(value, short ? TAG.utcTime : TAG.generalizedTime).toString("latin1");
  const written = short ? `${text < "5" ? "20" : "19"}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(written);
  const iso = parts === null ? "" : `${parts.slice(1, 4).join("-")}T${parts.slice(4).join(":")}.000Z`;
  // No thirty-first of June.
  if (new Date(iso).toISOString() !== iso) throw new Error("no time");
  return iso;
}

function signatureIn(algorithm: DerValue): Signature {
  const [oid, parameters, ...more] = derInside(algorithm, TAG.sequence);
  const name = derOid(oid);
  const hash = HASHES[name];
  if (hash === undefined || more.length > 0) throw new Error("another algorithm");
  if (parameters !== undefined && derContent(parameters, TAG.null).length > 0) throw new Error("parameters");
  return { oid: name, hash };
}

function extensionsIn(value: DerValue | undefined): readonly UnreadExtension[] {
  if (value === undefined) return [];
  const [list, ...more] = derInside(value, EXPLICIT_EXTENSIONS);
  if (more.length > 0) throw new Error("more than extensions");
  return derInside(list, TAG.sequence).map((extension) => {
    const parts = derInside(extension, TAG.sequence);
    const [oid, critical] = parts;
    if (parts.length === 3 && !derIsTrue(critical)) throw new Error("no DER");
    const content = derContent(parts.at(-1), TAG.octets);
    if (parts.length < 2 || parts.length > 3) throw new Error("no extension");
    return {
      extnID: derOid(oid),
      critical: parts.length === 3,
      content,
      der: () => new Uint8Array(extension.whole).buffer,
    };
  });
}
