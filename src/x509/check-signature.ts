import type { Certificate } from "./certificate.ts";
import { signatureAlgorithm } from "./signature-algorithm.ts";
import { isSignedWithKeyOf } from "./signed-by.ts";

const CANNOT_SIGN = "x509: invalid signature: parent certificate cannot sign this kind of certificate";
const UNIMPLEMENTED = "x509: cannot verify signature: algorithm unimplemented";
const MISMATCH: Readonly<Record<string, string>> = {
  rsa: "crypto/rsa: verification error",
  ec: "x509: ECDSA verification failure",
  ed25519: "x509: Ed25519 verification failure",
};

/**
 * Go's `CheckSignatureFrom`, which is how Teleport checks a chain (reference teleport-overrides 2.3, rule
 * 13): its error, or `null`. It looks at no date, path length, name constraint or extended key usage.
 */
export function checkSignatureFrom(child: Certificate, parent: Certificate): string | null {
  const { basicConstraints, keyUsage, version, key } = parent;
  if (basicConstraints === null ? version === 3 : !basicConstraints.ca) return CANNOT_SIGN;
  if (keyUsage !== null && !keyUsage.empty && !keyUsage.certSign) return CANNOT_SIGN;
  const mismatch = MISMATCH[key.type];
  const algorithm = signatureAlgorithm(child.signature);
  if (mismatch === undefined) return UNIMPLEMENTED;
  if (algorithm.go === "insecure") {
    return `x509: cannot verify signature: insecure algorithm ${algorithm.name}`;
  }
  if (algorithm.go === "unimplemented") return UNIMPLEMENTED;
  return isSignedWithKeyOf(child.pem, parent.pem) ? null : mismatch;
}
