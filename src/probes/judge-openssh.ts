import type { OpensshCertificate } from "../x509/openssh-key.ts";
import { fingerprintOf, spkiOf } from "../x509/spki.ts";
import type { CandidateKey } from "./candidates.ts";
import { plain, type ShownKey } from "./result.ts";

/** The candidates that signed a certificate. By its signature; one that only names a key proves nothing. */
export function signersOfOpenssh(
  { authority, signatureVerifies }: OpensshCertificate,
  candidates: readonly CandidateKey[],
): readonly CandidateKey[] {
  if (!signatureVerifies) return [];
  const signer = spkiOf(authority);
  return candidates.filter(({ spki }) => spki.equals(signer));
}

/** A certificate for the evidence of a probe, harmless to print; `from` are the candidates that signed it. */
export function showOpensshCertificate(
  { publicKey, keyId, validBefore }: OpensshCertificate,
  from: readonly CandidateKey[],
): ShownKey {
  return {
    fingerprint: fingerprintOf(spkiOf(publicKey)),
    subject: plain(keyId),
    notAfter: validBefore,
    from: [...new Set(from.map(({ fingerprint }) => fingerprint))],
  };
}
