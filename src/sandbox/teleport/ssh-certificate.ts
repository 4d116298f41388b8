import { type KeyObject, randomBytes, sign } from "node:crypto";

/**
 * OpenSSH certificates of users, as Teleport puts them into identity files: the wire format of RFC 4251 and of
 * OpenSSH's PROTOCOL.certkeys.
 */
export interface SshCertificateRequest {
  readonly subject: KeyObject;
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const USER_CERTIFICATE = 1;

/** In the order of their names, as the format wants it. */
const EXTENSIONS = ["permit-agent-forwarding", "permit-port-forwarding", "permit-pty"];

/** The line of a `-cert.pub` file. `signer` is the private key of a CA, `signerLine` its line of authorized_keys. */
export function sshUserCertificate(
  signer: KeyObject,
  signerLine: string,
  { subject, keyId, principals, notBefore, notAfter }: SshCertificateRequest,
): string {
  const { name, fields } = publicParts(subject);
  const type = `${name}-cert-v01@openssh.com`;
  const body = Buffer.concat([
    sshString(type),
    sshString(randomBytes(32)),
    ...fields,
    uint64(BigInt(`0x${randomBytes(8).toString("hex")}`)),
    uint32(USER_CERTIFICATE),
    sshString(keyId),
    sshString(Buffer.concat(principals.map(sshString))),
    uint64(BigInt(Math.floor(notBefore / 1000))),
    uint64(BigInt(Math.floor(notAfter / 1000))),
    sshString(""),
    sshString(Buffer.concat(EXTENSIONS.flatMap((extension) => [sshString(extension), sshString("")]))),
    sshString(""),
    sshString(Buffer.from(signerLine.split(" ")[1] ?? "", "base64")),
  ]);
  return `${type} ${Buffer.concat([body, sshString(signature(signer, body))]).toString("base64")}\n`;
}

/** The name of a key's algorithm, and the fields that a certificate of it begins with. */
function publicParts(key: KeyObject): { readonly name: string; readonly fields: readonly Buffer[] } {
  const { kty, n = "", e = "", x = "", y = "" } = key.export({ format: "jwk" });
  if (kty === "RSA") return { name: "ssh-rsa", fields: [sshString(mpint(e)), sshString(mpint(n))] };
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return { name: "ecdsa-sha2-nistp256", fields: [sshString("nistp256"), sshString(point)] };
}

/** CAs have RSA or Ed25519 keys for SSH. */
function signature(key: KeyObject, body: Buffer): Buffer {
  return key.asymmetricKeyType === "rsa"
    ? Buffer.concat([sshString("rsa-sha2-512"), sshString(sign("sha512", body, key))])
    : Buffer.concat([sshString("ssh-ed25519"), sshString(sign(null, body, key))]);
}

export function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** A positive number of JWK, with a zero in front where its first bit is set. */
export function mpint(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, "base64url");
  return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
