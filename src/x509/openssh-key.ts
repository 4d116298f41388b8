import { createPublicKey, type KeyObject, verify } from "node:crypto";

/** A public key as OpenSSH writes it in one line, with options or host patterns before it. */
export interface OpensshKey {
  readonly type: string;
  /** What stands before the type: host patterns, markers, options. */
  readonly prefix: readonly string[];
  readonly blob: Buffer;
  readonly publicKey: KeyObject;
}

/** A host or user certificate (PROTOCOL.certkeys of OpenSSH). */
export interface OpensshCertificate {
  readonly role: "user" | "host" | "other";
  readonly keyId: string;
  readonly principals: readonly string[];
  /** ISO 8601, `null`: for ever. */
  readonly validBefore: string | null;
  /** The key that is certified. */
  readonly publicKey: KeyObject;
  /** The key that the certificate says signed it. */
  readonly authority: KeyObject;
  /** Whether that key really did. */
  readonly signatureVerifies: boolean;
}

const CERTIFICATE_SUFFIX = "-cert-v01@openssh.com";
const KEY_TYPE =
  /^(ssh-(rsa|dss|ed25519)|ecdsa-sha2-nistp(256|384|521)|sk-[\w-]+)(-cert-v01)?(@openssh\.com)?$/;
const CURVES: Readonly<
  Record<string, { readonly jwk: string; readonly size: number; readonly hash: string }>
> = {
  nistp256: { jwk: "P-256", size: 32, hash: "sha256" },
  nistp384: { jwk: "P-384", size: 48, hash: "sha384" },
  nistp521: { jwk: "P-521", size: 66, hash: "sha512" },
};

/** Where the key is in a line, without a look inside it; `null` where there is none. */
export function findOpensshBlob(
  line: string,
): { readonly type: string; readonly prefix: readonly string[]; readonly blob: Buffer } | null {
  const words = line.trim().split(/\s+/);
  const at = words.findIndex((word) => KEY_TYPE.test(word));
  const type = words[at];
  if (type === undefined) return null;
  return { type, prefix: words.slice(0, at), blob: Buffer.from(words[at + 1] ?? "", "base64") };
}

/** Throws when the line holds no key that can be read. */
export function readOpensshKey(line: string): OpensshKey {
  const found = findOpensshBlob(line);
  if (found === null) throw new Error("not an OpenSSH public key");
  return { ...found, publicKey: readKey(new Reader(found.blob)) };
}

/** Whether a key type is one of certificates. */
export function isCertificateType(type: string): boolean {
  return type.endsWith(CERTIFICATE_SUFFIX);
}

/** Throws on what is no certificate; a wrong signature is told, not thrown. */
export function readOpensshCertificate(blob: Buffer): OpensshCertificate {
  const reader = new Reader(blob);
  const type = reader.text();
  if (!isCertificateType(type)) throw new Error(`${type} is not a certificate`);
  reader.bytes(); // nonce
  const publicKey = readFields(type.slice(0, -CERTIFICATE_SUFFIX.length), reader);
  reader.number64(); // serial
  const role = reader.number32();
  const keyId = reader.text();
  const principals = readList(reader.bytes());
  reader.number64(); // valid after
  const validBefore = reader.number64();
  reader.bytes(); // critical options
  reader.bytes(); // extensions
  reader.bytes(); // reserved
  const authority = readKey(new Reader(reader.bytes()));
  const signed = blob.subarray(0, reader.offset);
  const signature = new Reader(reader.bytes());
  return {
    role: role === 2 ? "host" : role === 1 ? "user" : "other",
    keyId,
    principals,
    validBefore: validBefore > 253402300799n ? null : new Date(Number(validBefore) * 1000).toISOString(),
    publicKey,
    authority,
    signatureVerifies: verifySignature(signed, signature, authority),
  };
}

/**
 * The public key in a blob (RFC 4253, 5656 and 8709); `null` where it is of a kind, or written in a way, that
 * Node cannot read. Throws when the blob is empty or cut off anywhere.
 */
export function publicKeyInBlob(blob: Buffer): KeyObject | null {
  if (countFields(blob) < 2) throw new Error("the OpenSSH public key is empty");
  try {
    return readKey(new Reader(blob));
  } catch (error) {
    // Every field that is there is whole: one that is missed makes it a kind of its own.
    if (error instanceof UnsupportedKey || error instanceof RangeError) return null;
    throw error;
  }
}

function countFields(blob: Buffer): number {
  const reader = new Reader(blob);
  let count = 0;
  try {
    for (; reader.offset < blob.length; count += 1) reader.bytes();
  } catch (cause) {
    throw new Error("the OpenSSH public key is cut off", { cause });
  }
  return count;
}

class UnsupportedKey extends Error {}

function readKey(reader: Reader): KeyObject {
  return readFields(reader.text(), reader);
}

/** The fields of a key after its type, as a JWK: reading it is Node's business. */
function readFields(type: string, reader: Reader): KeyObject {
  const base64 = (bytes: Buffer): string => bytes.toString("base64url");
  if (type === "ssh-ed25519") return fromJwk({ kty: "OKP", crv: "Ed25519", x: base64(reader.bytes()) });
  if (type === "ssh-rsa") {
    const e = base64(unsigned(reader.bytes()));
    return fromJwk({ kty: "RSA", e, n: base64(unsigned(reader.bytes())) });
  }
  const curve = CURVES[type.replace(/^ecdsa-sha2-/, "")];
  if (curve === undefined) throw new UnsupportedKey(`key type ${type} is not supported`);
  reader.bytes(); // name of the curve
  const point = reader.bytes();
  if (point[0] !== 4) throw new UnsupportedKey("not an uncompressed point");
  if (point.length !== 1 + 2 * curve.size) throw new Error("not a point of this curve");
  const [x, y] = [point.subarray(1, 1 + curve.size), point.subarray(1 + curve.size)];
  return fromJwk({ kty: "EC", crv: curve.jwk, x: base64(x), y: base64(y) });
}

function fromJwk(key: Record<string, string>): KeyObject {
  return createPublicKey({ key, format: "jwk" });
}

/** Checked with the algorithms that OpenSSH still accepts: no SHA-1. */
function verifySignature(signed: Buffer, signature: Reader, key: KeyObject): boolean {
  const algorithm = signature.text();
  const bytes = signature.bytes();
  const isKind = (type: string): boolean => key.asymmetricKeyType === type;
  if (algorithm === "ssh-ed25519") return isKind("ed25519") && verify(null, signed, key, bytes);
  if (algorithm === "rsa-sha2-256" || algorithm === "rsa-sha2-512") {
    return isKind("rsa") && verify(algorithm.replace("rsa-sha2-", "sha"), signed, key, bytes);
  }
  const curve = CURVES[algorithm.replace(/^ecdsa-sha2-/, "")];
  if (curve === undefined || !isKind("ec")) return false;
  const pair = new Reader(bytes);
  const fixed = [pair.bytes(), pair.bytes()].map((part) => {
    const number = unsigned(part);
    return Buffer.concat([Buffer.alloc(Math.max(0, curve.size - number.length)), number]);
  });
  return verify(curve.hash, signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat(fixed));
}

/** Without the zero byte that keeps a number from looking negative; neither JWK nor IEEE P1363 wants one. */
function unsigned(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  return bytes.subarray(start);
}

function readList(bytes: Buffer): readonly string[] {
  const reader = new Reader(bytes);
  const list: string[] = [];
  while (reader.offset < bytes.length) list.push(reader.text());
  return list;
}

/** The wire format of SSH (RFC 4251, section 5). Reads past the end throw a RangeError. */
class Reader {
  offset = 0;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  number32(): number {
    this.offset += 4;
    return this.#buffer.readUInt32BE(this.offset - 4);
  }

  number64(): bigint {
    this.offset += 8;
    return this.#buffer.readBigUInt64BE(this.offset - 8);
  }

  bytes(): Buffer {
    const length = this.number32();
    if (this.offset + length > this.#buffer.length) throw new RangeError("cut off");
    this.offset += length;
    return this.#buffer.subarray(this.offset - length, this.offset);
  }

  text(): string {
    return this.bytes().toString("latin1");
  }
}
