import { writtenDate } from "../../written-date.ts";
import { isSelfIssued, isSelfSigned } from "../../x509/certificate.ts";
import { signatureAlgorithm } from "../../x509/signature-algorithm.ts";
import { type EntryRule, ofCertificate, onWholePath } from "./entry-rule.ts";
import { daysLeft, expiryLevel } from "./expiry.ts";

function atLevel(level: "high" | "medium" | "low"): EntryRule["find"] {
  return onWholePath(({ certificate }, { now }) =>
    expiryLevel(certificate, now) === level
      ? {
          severity: "warning",
          message: `expires in ${daysLeft(certificate.notAfter, now)} days, on ${writtenDate(certificate.notAfter)}`,
        }
      : null,
  );
}

/** Dates, signatures and keys: what makes verifiers refuse a certificate as such. */
export const VALIDITY_RULES: readonly EntryRule[] = [
  {
    code: "certificate-expired",
    remedy: "renew it (capstan override renew), or replace the issuer that has expired",
    find: onWholePath(({ certificate }, { now }) =>
      Date.parse(certificate.notAfter) < now
        ? {
            severity: "error",
            message: `expired on ${writtenDate(certificate.notAfter)}; Teleport would use it all the same`,
          }
        : null,
    ),
  },
  {
    code: "certificate-not-yet-valid",
    remedy: "wait until it is valid before you enable it, or check the external CA's clock",
    find: onWholePath(({ certificate }, { now, state }) =>
      Date.parse(certificate.notBefore) > now
        ? {
            severity: state === "enabled" ? "error" : "warning",
            message: `is not valid before ${writtenDate(certificate.notBefore)}`,
          }
        : null,
    ),
  },
  { code: "expiry-high", remedy: "renew it now: capstan override renew", find: atLevel("high") },
  { code: "expiry-medium", remedy: "plan its renewal: capstan override renew", find: atLevel("medium") },
  { code: "expiry-low", remedy: "half of its time is over: think of its renewal", find: atLevel("low") },
  {
    code: "self-signed",
    remedy: "put in the certificate that the external CA signed, or remove the entry",
    find: ofCertificate(({ certificate }) =>
      isSelfSigned(certificate)
        ? {
            severity: "warning",
            message: "is self-signed, so that it overrides nothing: no external CA stands behind it",
          }
        : null,
    ),
  },
  {
    code: "weak-signature",
    remedy: "have it signed with SHA-256 or better",
    find: onWholePath(({ certificate, depth }) => {
      const { name, soundness } = signatureAlgorithm(certificate.signature);
      if (soundness !== "weak") return null;
      // A root is trusted as it is: nobody verifies its own signature.
      return depth > 0 && isSelfIssued(certificate)
        ? { severity: "info", message: `is a root signed with ${name}, which nobody verifies` }
        : { severity: "error", message: `is signed with ${name}, which TLS libraries refuse` };
    }),
  },
  {
    code: "weak-key",
    remedy: "use an issuer with RSA 2048, ECDSA P-256 or better",
    find: onWholePath(({ certificate: { key } }) =>
      key.bits !== null && key.bits < 2048
        ? {
            severity: "error",
            message: `has a key of ${key.bits} bits, which TLS libraries refuse by default`,
          }
        : null,
    ),
  },
  {
    code: "unusual-signature",
    remedy: "check that everything that has to trust it can verify this algorithm",
    find: onWholePath(({ certificate }) => {
      const { name, soundness } = signatureAlgorithm(certificate.signature);
      return soundness === "unusual"
        ? {
            severity: "info",
            message: `is signed with ${name}, which not every database or Windows version verifies`,
          }
        : null;
    }),
  },
];
