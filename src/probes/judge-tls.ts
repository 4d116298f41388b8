import type { X509Certificate } from "node:crypto";
import { onOneLine } from "../x509/distinguished-name.ts";
import { isSignedBy } from "../x509/signed-by.ts";
import { fingerprintOf, spkiOf } from "../x509/spki.ts";
import { type CandidateKey, trustOf } from "./candidates.ts";
import { type Accepted, plain, type ShownKey, type Trust } from "./result.ts";

/**
 * The candidates whose keys verify a certificate, directly or through certificates that came with it. By
 * signature only: names prove nothing, and two CAs may share one.
 */
export function signersOf(
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
  candidates: readonly CandidateKey[],
): readonly CandidateKey[] {
  const seen = new Set<X509Certificate>();
  const found = new Set<CandidateKey>();
  const visit = (current: X509Certificate): void => {
    seen.add(current);
    for (const candidate of candidates) {
      if (isSignedBy(current, candidate.publicKey)) found.add(candidate);
    }
    for (const issuer of chain.slice(0, MAX_CHAIN)) {
      if (!seen.has(issuer) && issuer.ca && isSignedBy(current, issuer.publicKey)) visit(issuer);
    }
  };
  visit(certificate);
  return candidates.filter((candidate) => found.has(candidate));
}

/** Verifying costs: a server that sends thousands of certificates gets no thousands of verifications. */
const MAX_CHAIN = 16;

/**
 * Whether a key is one of those above the override of a candidate: by signature, as a root need not be in
 * the chain.
 */
export function issuesOverride(key: X509Certificate["publicKey"], { override, spki }: CandidateKey): boolean {
  return !spkiOf(key).equals(spki) && override.some((certificate) => isSignedBy(certificate, key));
}

/**
 * A certificate for the evidence of a probe, harmless to print; `from` are the candidates that vouch for it.
 */
export function showCertificate(certificate: X509Certificate, from: readonly CandidateKey[]): ShownKey {
  return {
    fingerprint: fingerprintOf(spkiOf(certificate.publicKey)),
    subject: plain(onOneLine(certificate.subject)) || null,
    notAfter: certificate.validToDate.toISOString(),
    from: [...new Set(from.map(({ fingerprint }) => fingerprint))],
  };
}

/**
 * What the names in a CertificateRequest say about trust. A name is all that TLS gives here: where two
 * candidates share one, it says nothing. No names at all means that the server does not tell.
 */
export function judgeAcceptedNames(
  names: readonly Buffer[],
  candidates: readonly CandidateKey[],
): { readonly trusts: Trust; readonly accepts: Accepted } {
  const named = candidates.filter((candidate) => names.some((name) => isNamed(candidate, name) === true));
  const others = names.filter((name) => !candidates.some((candidate) => isNamed(candidate, name) === true));
  const trusts = trustOf(candidates, (candidate) => {
    if (names.length === 0) return "unknown";
    if (names.some((name) => issuerIsNamed(candidate, name))) return "yes";
    const answers = names.map((name) => isNamed(candidate, name));
    if (!answers.includes(true)) return answers.includes(null) ? "unknown" : "no";
    const isShared = candidates.some(
      (other) =>
        !other.spki.equals(candidate.spki) &&
        names.some((name) => isNamed(candidate, name) === true && isNamed(other, name) === true),
    );
    return isShared ? "unknown" : "yes";
  });
  return {
    trusts,
    accepts: {
      candidates: [...new Set(named.map(({ fingerprint }) => fingerprint))],
      others: others.length,
    },
  };
}

/**
 * Whether `name` is one above the candidate's override. The override's own subject is no such name: Teleport's own
 * certificates of both keys may have it.
 */
function issuerIsNamed({ override, spki }: CandidateKey, name: Buffer): boolean {
  return override.some(
    ({ raw }) => name.length > EMPTY_NAME && raw.includes(name) && !raw.includes(Buffer.concat([name, spki])),
  );
}

/** DER of a name without any part: two bytes, which stand everywhere. */
const EMPTY_NAME = 2;

/**
 * Whether `name` is the subject of the candidate's certificate: in a certificate the public key follows the
 * subject at once (RFC 5280, 4.1), so the DER of both stands there in one piece. `null` where that cannot be
 * told, as the key is written in another way than Node writes it.
 */
function isNamed({ certificate, spki }: CandidateKey, name: Buffer): boolean | null {
  if (certificate === null || !certificate.raw.includes(spki)) return null;
  return name.length > 0 && certificate.raw.includes(Buffer.concat([name, spki]));
}
