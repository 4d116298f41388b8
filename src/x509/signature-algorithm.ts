import type { Signature } from "./certificate.ts";

/** What Go, and the world around it, make of a signature algorithm. */
export interface SignatureAlgorithm {
  /** Go's name, which its errors print. */
  readonly name: string;
  /** Verified, refused as insecure, or not known at all. */
  readonly go: "verified" | "insecure" | "unimplemented";
  /** `weak`: TLS libraries refuse it. `unusual`: sound, but not everybody can verify it. */
  readonly soundness: "sound" | "weak" | "unusual";
}

/** By OID. Go's side: `signatureAlgorithmDetails` and `checkSignature` in crypto/x509. */
const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.2": { name: "MD2-RSA", go: "unimplemented", soundness: "weak" },
  "1.2.840.113549.1.1.4": { name: "MD5-RSA", go: "insecure", soundness: "weak" },
  "1.2.840.113549.1.1.5": { name: "SHA1-RSA", go: "insecure", soundness: "weak" },
  "1.3.14.3.2.29": { name: "SHA1-RSA", go: "insecure", soundness: "weak" },
  "1.2.840.10045.4.1": { name: "ECDSA-SHA1", go: "insecure", soundness: "weak" },
  "1.2.840.10040.4.3": { name: "DSA-SHA1", go: "unimplemented", soundness: "weak" },
  "2.16.840.1.101.3.4.3.2": { name: "DSA-SHA256", go: "unimplemented", soundness: "unusual" },
  "1.2.840.113549.1.1.14": { name: "SHA224-RSA", go: "unimplemented", soundness: "unusual" },
  "1.2.840.113549.1.1.11": { name: "SHA256-RSA", go: "verified", soundness: "sound" },
  "1.2.840.113549.1.1.12": { name: "SHA384-RSA", go: "verified", soundness: "sound" },
  "1.2.840.113549.1.1.13": { name: "SHA512-RSA", go: "verified", soundness: "sound" },
  "1.2.840.10045.4.3.1": { name: "ECDSA-SHA224", go: "unimplemented", soundness: "unusual" },
  "1.2.840.10045.4.3.2": { name: "ECDSA-SHA256", go: "verified", soundness: "sound" },
  "1.2.840.10045.4.3.3": { name: "ECDSA-SHA384", go: "verified", soundness: "sound" },
  "1.2.840.10045.4.3.4": { name: "ECDSA-SHA512", go: "verified", soundness: "sound" },
  "1.3.101.112": { name: "Ed25519", go: "verified", soundness: "unusual" },
  "1.3.101.113": { name: "Ed448", go: "unimplemented", soundness: "unusual" },
};

const RSA_PSS = "1.2.840.113549.1.1.10";

/**
 * What is known of an algorithm; one that is not in the table is sound for all that anybody knows, and
 * unusual.
 */
export function signatureAlgorithm({ oid, hash }: Signature): SignatureAlgorithm {
  if (oid === RSA_PSS) return pss(hash);
  return ALGORITHMS[oid] ?? { name: oid, go: "unimplemented", soundness: "unusual" };
}

/** RSA-PSS says its hash in parameters; Go reads SHA-256, SHA-384 and SHA-512 only. */
function pss(hash: string | null): SignatureAlgorithm {
  const digits = /^SHA-(256|384|512)$/.exec(hash ?? "")?.[1];
  if (digits !== undefined) {
    return { name: `SHA${digits}-RSAPSS`, go: "verified", soundness: "unusual" };
  }
  return { name: `RSA-PSS with ${hash ?? "SHA-1"}`, go: "unimplemented", soundness: "weak" };
}
