import { createHash, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP, isIPv4 } from "node:net";
import {
  bits,
  certificateTime,
  type Der,
  directoryText,
  NULL,
  octets,
  oid,
  positive,
  sequence,
  set,
  TRUE,
  tagged,
} from "./der.ts";
import type { KeyPair } from "./key-pair.ts";

/** What a certificate is to say. Names and extensions are DER already. */
export interface CertificateContent {
  readonly issuer: Der;
  readonly subject: Der;
  readonly serial: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Der[];
}

/**
 * An X.509 certificate in DER (RFC 5280). Written here, as an emulated cluster signs dozens when it starts and more with
 * every phase, and the library, which reads back each piece that it makes, takes 6 ms of processor time for one.
 */
export function signedCertificate(content: CertificateContent, key: KeyObject): Der {
  const { issuer, subject, serial, notBefore, notAfter, publicKey, extensions } = content;
  const { algorithm, hash } = signatureOf(key);
  const signed = sequence(
    tagged(0xa0, positive(Buffer.from([2]))),
    positive(serial),
    algorithm,
    issuer,
    sequence(certificateTime(notBefore), certificateTime(notAfter)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions)),
  );
  return sequence(signed, algorithm, bits(sign(hash, signed, key)));
}

function signatureOf(key: KeyObject): { readonly algorithm: Der; readonly hash: "sha256" | null } {
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return { algorithm: sequence(oid("1.3.101.112")), hash: null };
    case "ec":
      return { algorithm: sequence(oid("1.2.840.10045.4.3.2")), hash: "sha256" };
    case "rsa":
      return { algorithm: sequence(oid("1.2.840.113549.1.1.11"), NULL), hash: "sha256" };
    default:
      throw new Error(`nothing here signs with a key of ${key.asymmetricKeyType}`);
  }
}

/** The request for one (PKCS #10), with the extensions that are asked for. */
export function signedRequest(
  { subject, extensions }: Pick<CertificateContent, "subject" | "extensions">,
  { publicKey, privateKey }: KeyPair,
): Der {
  const { algorithm, hash } = signatureOf(privateKey);
  const signed = sequence(
    positive(Buffer.from([0])),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    // A list of extensions has at least one (RFC 5280, 4.1).
    tagged(
      0xa0,
      ...(extensions.length === 0
        ? []
        : [sequence(oid("1.2.840.113549.1.9.14"), set(sequence(...extensions)))]),
    ),
  );
  return sequence(signed, algorithm, bits(sign(hash, signed, privateKey)));
}

/** 16 random bytes with the first bit clear, so that DER needs no padding and the number stays positive. */
export function newSerial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

const ATTRIBUTES: Readonly<Record<string, string>> = { CN: "2.5.4.3", L: "2.5.4.7", O: "2.5.4.10" };

/** A distinguished name: what one element says is one relative name, as Go writes several organizations. */
export type NameParts = readonly { readonly [attribute: string]: readonly string[] }[];

/** Attributes by their short name, or by their number. */
export function distinguishedName(parts: NameParts): Der {
  return sequence(
    ...parts.map((part) =>
      set(
        ...Object.entries(part).flatMap(([name, values]) =>
          values.map((value) => sequence(oid(ATTRIBUTES[name] ?? name), directoryText(value))),
        ),
      ),
    ),
  );
}

/** Of a certificate, as it is written there: an issuer's name has to be the same to the byte. */
export function subjectIn(certificate: Uint8Array): Der {
  // Certificate, its signed part, and in that version, serial, algorithm, issuer, validity.
  let at = contentStart(certificate, contentStart(certificate, 0));
  for (let field = 0; field < 5; field++) at = end(certificate, at);
  return Buffer.from(certificate.subarray(at, end(certificate, at)));
}

function contentStart(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

function end(der: Uint8Array, at: number): number {
  const start = contentStart(der, at);
  const digits = der.subarray(at + 2, start);
  return start + (digits.length === 0 ? (der[at + 1] ?? 0) : digits.reduce((sum, one) => sum * 256 + one, 0));
}

export type KeyUse = "digitalSignature" | "keyEncipherment" | "keyCertSign" | "cRLSign";

const USE_BITS: Readonly<Record<KeyUse, number>> = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
  cRLSign: 0x02,
};

export function keyUsage(...uses: readonly KeyUse[]): Der {
  const byte = uses.reduce((all, use) => all | USE_BITS[use], 0);
  const unused = Math.clz32(byte & -byte) ^ 31;
  return extension("2.5.29.15", bits(Buffer.from([byte]), unused), true);
}

export type ExtendedUse = "serverAuth" | "clientAuth";

/** The number of each (RFC 5280, 4.2.1.12). */
export const EXTENDED_USES: Readonly<Record<ExtendedUse, string>> = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
};

export function extendedKeyUsage(...uses: readonly ExtendedUse[]): Der {
  return extension("2.5.29.37", sequence(...uses.map((use) => oid(EXTENDED_USES[use]))));
}

/** Without a limit of the path. */
export function basicConstraints(isAuthority: boolean): Der {
  return extension("2.5.29.19", sequence(...(isAuthority ? [TRUE] : [])), true);
}

export function subjectKeyId(id: Uint8Array): Der {
  return extension("2.5.29.14", octets(id));
}

export function authorityKeyId(id: Uint8Array): Der {
  return extension("2.5.29.35", sequence(tagged(0x80, id)));
}

/** DNS names and IP addresses. */
export function alternativeNames(names: readonly string[]): Der {
  const general = names.map((name) =>
    isIP(name) === 0 ? tagged(0x82, Buffer.from(name)) : tagged(0x87, addressBytes(name)),
  );
  return extension("2.5.29.17", sequence(...general));
}

function extension(id: string, value: Der, critical = false): Der {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  // In the one spelling of hexadecimal groups.
  const [head = "", tail = ""] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const [left, right] = [head, tail].map((part) => part.split(":").filter((group) => group !== ""));
  const groups = [...(left ?? []), ...(right ?? [])];
  groups.splice(left?.length ?? 0, 0, ...Array.from({ length: 8 - groups.length }, () => "0"));
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** The identifier that most make of a key: the SHA-1 of its bits (RFC 5280, 4.2.1.2, method 1). */
export function keyIdOf(key: KeyObject): Buffer {
  const spki = key.export({ type: "spki", format: "der" });
  // Algorithm, then the bits; their first octet says how many are unused.
  const bitString = end(spki, contentStart(spki, 0));
  return createHash("sha1")
    .update(spki.subarray(contentStart(spki, bitString) + 1))
    .digest();
}
