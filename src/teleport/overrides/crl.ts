import { writtenDate } from "../../written-date.ts";
import type { Certificate } from "../../x509/certificate.ts";
import { printedName } from "../../x509/distinguished-name.ts";
import type { RevocationList } from "../../x509/revocation-list.ts";
import type { KeyHash } from "../../x509/spki.ts";
import type { CaOverride } from "./ca-override.ts";

const CLOCK_SKEW_MS = 2 * 60_000;

/** Why the server could not reuse a stored CRL for this certificate (reference 2.6), or `null` when it can. */
export function crlProblem(
  crl: RevocationList | undefined,
  certificate: Certificate,
  now: number,
): string | null {
  if (crl === undefined) return "there is none";
  if (Date.parse(crl.thisUpdate) > now + CLOCK_SKEW_MS)
    return `it begins only on ${writtenDate(crl.thisUpdate)}`;
  if (crl.nextUpdate === null) return "it does not say until when it holds";
  if (Date.parse(crl.nextUpdate) < Date.parse(certificate.notAfter)) {
    return `it ends on ${writtenDate(crl.nextUpdate)}, before the certificate`;
  }
  if (printedName(crl.issuer) !== printedName(certificate.subject)) {
    return `its issuer is ${printedName(crl.issuer)}, not the certificate's subject`;
  }
  return crl.signatureValid ? null : "its signature is not by the certificate's key";
}

/** The keys whose entry in the cluster is backed by a CRL that holds. */
export function keysWithCrl({ entries, crls }: CaOverride, now: number): ReadonlySet<KeyHash> {
  return new Set(
    [...entries.values()].flatMap(({ keyHash, certificate }) =>
      certificate !== null && crlProblem(crls.get(keyHash), certificate, now) === null ? [keyHash] : [],
    ),
  );
}
