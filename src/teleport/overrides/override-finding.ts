/**
 * What is wrong, or worth knowing, about an override resource. Errors and warnings are capstan's verdict;
 * `serverText` says what Teleport would answer, so that both can be told apart (reference 2 and 8).
 */
export interface OverrideFinding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** A path in the resource, `spec.certificate_overrides[0].chain[1]`, or `key <hash>` for a live entry. */
  readonly where: string;
  readonly message: string;
  readonly remedy: string;
  /** A substring of the server's refusal; absent where the server accepts. */
  readonly serverText?: string;
}

/** `error` blocks; `info` asks for nothing, and `validate` leaves it out. */
export type Severity = "error" | "warning" | "info";

/**
 * When the server looks, in its order (reference 2.1). `client`: tctl itself, before anything is sent.
 * `none`: the server does not look at all, people break on it.
 */
const STAGES = ["client", "structure", "cluster", "live", "crl", "none"] as const;

type Stage = (typeof STAGES)[number];

/** Every code that capstan prints about overrides, by the stage that refuses it. Codes are stable. */
export const FINDING_CODES = {
  "document-invalid": "client",
  "unknown-field": "client",
  "wrong-type": "client",
  "revision-present": "client",

  "kind-invalid": "structure",
  "type-unsupported": "structure",
  "type-unproven": "structure",
  "version-invalid": "structure",
  "metadata-missing": "structure",
  "name-missing": "structure",
  "spec-missing": "structure",
  "entry-null": "structure",
  "pem-missing": "structure",
  "pem-indented": "structure",
  "pem-spaced-dashes": "structure",
  "pem-damaged": "structure",
  "pem-wrong-type": "structure",
  "pem-bundle": "structure",
  "pem-trailing-text": "structure",
  "pem-normalised": "structure",
  "certificate-malformed": "structure",
  "certificate-trailing-data": "structure",
  "certificate-serial-negative": "structure",
  "certificate-extension-twice": "structure",
  "certificate-curve-unsupported": "structure",
  "certificate-name-encoding": "structure",
  "cluster-name-missing": "structure",
  "cluster-name-incorrect": "structure",
  "not-a-ca": "structure",
  "cert-sign-missing": "structure",
  "crl-sign-missing": "structure",
  "dates-reversed": "structure",
  "public-key-invalid": "structure",
  "public-key-mismatch": "structure",
  "certificate-or-key-missing": "structure",
  "certificate-missing": "structure",
  "chain-without-certificate": "structure",
  "chain-too-long": "structure",
  "chain-contains-certificate": "structure",
  "chain-same-subject": "structure",
  "chain-out-of-order": "structure",
  "chain-signature": "structure",
  "entry-duplicate": "structure",

  "cluster-wrong": "cluster",

  "key-unknown": "live",
  "orphan-enabled": "live",
  "expires-after-self-signed": "live",
  "live-disable": "live",
  "live-removal": "live",

  "subject-key-id-missing": "crl",
  "crl-impossible": "crl",
  "crl-held-elsewhere": "crl",
  "self-signed-expired": "crl",

  "status-present": "none",
  "expires-set": "none",
  "certificate-expired": "none",
  "certificate-not-yet-valid": "none",
  "expiry-high": "none",
  "expiry-medium": "none",
  "expiry-low": "none",
  "expires-before-rotation-ends": "none",
  "self-signed": "none",
  "weak-signature": "none",
  "weak-key": "none",
  "unusual-signature": "none",
  "extension-not-critical": "none",
  "critical-extension-unknown": "none",
  "authority-key-id-missing": "none",
  "authority-key-id-mismatch": "none",
  "path-length": "none",
  "name-constraints": "none",
  "extended-key-usage": "none",
  "key-usage-missing": "none",
  "organization-ambiguous": "none",
  "cluster-name-by-oid": "none",
  "chain-missing": "none",
  "chain-long": "none",
  "chain-not-presented": "none",
  "chain-name-differs": "none",
  orphan: "none",
  "orphan-edited": "none",
  "hsm-incomplete": "none",
  "rollback-entry-touched": "none",
  "crl-missing": "none",
  "live-unreadable": "none",
  "rollback-new-entry": "none",
  "disable-with-phase-step": "none",
  unsupported: "none",
  unread: "none",
  "authority-missing": "none",
  "spiffe-issuer": "none",
} as const satisfies Readonly<Record<string, Stage>>;

/** What a finding is about. `FINDING_CODES` says at which stage the server would refuse it, if it would. */
export type FindingCode = keyof typeof FINDING_CODES;

/**
 * The refusal that a person would see, of all that the findings foresee; `null` when the server accepts.
 * Force skips the checks against the live cluster and nothing else (reference 3.7).
 */
export function serverRefusal(
  findings: readonly OverrideFinding[],
  { force = false }: { readonly force?: boolean } = {},
): OverrideFinding | null {
  for (const stage of STAGES) {
    if (force && stage === "live") continue;
    const refusal = findings.find(
      ({ code, serverText }) => serverText !== undefined && FINDING_CODES[code] === stage,
    );
    if (refusal !== undefined) return refusal;
  }
  return null;
}

/** Whether at least one finding is an error; warnings do not count. */
export function hasErrors(findings: readonly OverrideFinding[]): boolean {
  return findings.some(({ severity }) => severity === "error");
}
