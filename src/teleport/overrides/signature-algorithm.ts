import type { Signature } from "./certificate.ts";

/** What the server, and the world around it, make of a signature algorithm. */
export interface SignatureAlgorithm {
  /** Go's name, which the server prints. */
  readonly name: string;
  /** Go: verified, refused as insecure, or not known at all. */
  readonly server: "verified" | "insecure" | "unimplemented";
  /** `weak`: TLS libraries refuse it. `unusual`: sound, but not everybody can verify it. */
  readonly standing: "sound" | "weak" | "unusual";
}

/** By OID. Go's side: `signatureAlgorithmDetails` and `checkSignature` in crypto/x509. */
const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.2": { name: "MD2-RSA", server: "unimplemented", standing: "weak" },
  "1.2.840.113549.1.1.4": { name: "MD5-RSA", server: "insecure", standing: "weak" },
  "1.2.840.113549.1.1.5": { name: "SHA1-RSA", server: "insecure", standing: "weak" },
  "1.3.14.3.2.29": { name: "SHA1-RSA", server: "insecure", standing: "weak" },
  "1.2.840.10045.4.1": { name: "ECDSA-SHA1", server: "insecure", standing: "weak" },
  "1.2.840.10040.4.3": { name: "DSA-SHA1", server: "unimplemented", standing: "weak" },
  "2.16.840.1.101.3.4.3.2": { name: "DSA-SHA256", server: "unimplemented", standing: "unusual" },
  "1.2.840.113549.1.1.14": { name: "SHA224-RSA", server: "unimplemented", standing: "unusual" },
  "1.2.840.113549.1.1.11": { name: "SHA256-RSA", server: "verified", standing: "sound" },
  "1.2.840.113549.1.1.12": { name: "SHA384-RSA", server: "verified", standing: "sound" },
  "1.2.840.113549.1.1.13": { name: "SHA512-RSA", server: "verified", standing: "sound" },
  "1.2.840.10045.4.3.1": { name: "ECDSA-SHA224", server: "unimplemented", standing: "unusual" },
  "1.2.840.10045.4.3.2": { name: "ECDSA-SHA256", server: "verified", standing: "sound" },
  "1.2.840.10045.4.3.3": { name: "ECDSA-SHA384", server: "verified", standing: "sound" },
  "1.2.840.10045.4.3.4": { name: "ECDSA-SHA512", server: "verified", standing: "sound" },
  "1.3.101.112": { name: "Ed25519", server: "verified", standing: "unusual" },
  "1.3.101.113": { name: "Ed448", server: "unimplemented", standing: "unusual" },
};

const RSA_PSS = "1.2.840.113549.1.1.10";

export function signatureAlgorithm({ oid, hash }: Signature): SignatureAlgorithm {
  if (oid === RSA_PSS) return pss(hash);
  return ALGORITHMS[oid] ?? { name: oid, server: "unimplemented", standing: "unusual" };
}

/** RSA-PSS says its hash in parameters; Go reads SHA-256, SHA-384 and SHA-512 only. */
function pss(hash: string | null): SignatureAlgorithm {
  const digits = /^SHA-(256|384|512)$/.exec(hash ?? "")?.[1];
  if (digits !== undefined) {
    return { name: `SHA${digits}-RSAPSS`, server: "verified", standing: "unusual" };
  }
  return { name: `RSA-PSS with ${hash ?? "SHA-1"}`, server: "unimplemented", standing: "weak" };
}
