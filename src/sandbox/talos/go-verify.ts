import type { X509Certificate } from "node:crypto";
// Before any `toLegacyObject`: where that is called first, Node 20 to 24 leave node:tls without `createSecureContext`.
import "node:tls";
import { EXTENDED_USES, type ExtendedUse } from "../signed-certificate.ts";
import { rememberedBy } from "./remembered.ts";

/**
 * Chain verification as Go's `crypto/x509` does it, with its words: a real talosctl and a real apid report these
 * texts, and capstan tells causes apart by them (TA 3.6). The signatures are checked for real. Only self-signed
 * roots are supported, as in Talos (TA 7), so a chain is a leaf and a root.
 */
export interface Verification {
  readonly roots: readonly X509Certificate[];
  /** The verifier's clock. */
  readonly now: number;
  readonly usage: ExtendedUse;
  /** The IP address or name that was dialed. */
  readonly address?: string;
}

export interface VerifyProblem {
  readonly kind: "unknown-authority" | "expired" | "host" | "usage";
  /** `x509: ...` */
  readonly text: string;
}

/** `null` when the certificate is good. */
export function verifyCertificate(leaf: X509Certificate, wanted: Verification): VerifyProblem | null {
  return (
    outsideValidity(leaf, wanted.now) ??
    otherHost(leaf, wanted.address) ??
    withoutIssuer(leaf, wanted) ??
    otherUsage(leaf, wanted.usage)
  );
}

/** Since Talos 1.12 the list of a client certificate must be exactly this one usage (TA 0). */
export function isClientOnly(leaf: X509Certificate): boolean {
  const { usages } = contentOf(leaf);
  return usages.length === 1 && usages[0] === EXTENDED_USES.clientAuth;
}

/** The alert that Go's TLS server sends for a client certificate that does not verify. */
export function alertFor(problem: VerifyProblem): string {
  if (problem.kind === "unknown-authority") return "unknown certificate authority";
  return problem.kind === "expired" ? "expired certificate" : "bad certificate";
}

/** What OpenSSL is asked once for each certificate: the same leaf comes with every connection. */
const contentOf = rememberedBy(
  ({ fingerprint256 }: X509Certificate) => fingerprint256,
  (certificate) => ({
    from: Date.parse(certificate.validFrom),
    to: Date.parse(certificate.validTo),
    issuer: certificate.issuer,
    subject: certificate.subject,
    organizations: readOrganizations(certificate),
    // Node calls the extended key usages `keyUsage`, and leaves it out when there are none.
    usages: (certificate.keyUsage as readonly string[] | undefined) ?? [],
  }),
);

function outsideValidity(certificate: X509Certificate, now: number): VerifyProblem | null {
  const { from, to } = contentOf(certificate);
  const early = now < from;
  if (!early && now <= to) return null;
  const bound = early ? `before ${goTime(from)}` : `after ${goTime(to)}`;
  return {
    kind: "expired",
    text: `x509: certificate has expired or is not yet valid: current time ${goTime(now)} is ${bound}`,
  };
}

function goTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function otherHost(leaf: X509Certificate, address: string | undefined): VerifyProblem | null {
  if (address === undefined) return null;
  const isAddress = /^[\d.]+$|:/.test(address);
  if (isAddress ? leaf.checkIP(address) !== undefined : leaf.checkHost(address) !== undefined) return null;
  const valid = [...(leaf.subjectAltName ?? "").matchAll(isAddress ? /IP Address:([^,]+)/g : /DNS:([^,]+)/g)]
    .map((match) => match[1])
    .join(", ");
  if (valid !== "") return { kind: "host", text: `x509: certificate is valid for ${valid}, not ${address}` };
  return isAddress
    ? {
        kind: "host",
        text: `x509: cannot validate certificate for ${address} because it doesn't contain any IP SANs`,
      }
    : { kind: "host", text: `x509: certificate is not valid for any names, but wanted to match ${address}` };
}

/**
 * All CAs of a kind have the same subject, so Go tries each of them, and quotes the first that did not work.
 */
function withoutIssuer(leaf: X509Certificate, { roots, now }: Verification): VerifyProblem | null {
  let hint = "";
  let expired: VerifyProblem | null = null;
  for (const root of roots) {
    if (root.fingerprint256 === leaf.fingerprint256) return null;
    if (contentOf(root).subject !== contentOf(leaf).issuer) continue;
    const failure = signatureProblem(leaf, root);
    if (failure === null) {
      expired = outsideValidity(root, now);
      if (expired === null) return null;
    } else if (hint === "") {
      const candidate = quote(nameOf(root));
      hint = ` (possibly because of ${quote(failure)} while trying to verify candidate authority certificate ${candidate})`;
    }
  }
  return (
    expired ?? { kind: "unknown-authority", text: `x509: certificate signed by unknown authority${hint}` }
  );
}

const GO_FAILURE: Readonly<Record<string, string>> = {
  ed25519: "x509: Ed25519 verification failure",
  ec: "x509: ECDSA verification failure",
  rsa: "crypto/rsa: verification error",
};

function signatureProblem(leaf: X509Certificate, root: X509Certificate): string | null {
  if (!root.ca) return "x509: invalid signature: parent certificate cannot sign this kind of certificate";
  if (signed(leaf, root)) return null;
  return GO_FAILURE[root.publicKey.asymmetricKeyType ?? ""] ?? "x509: cannot verify signature";
}

/** What was verified once for each root. */
const VERIFIED = new WeakMap<X509Certificate, Map<string, boolean>>();

function signed(leaf: X509Certificate, root: X509Certificate): boolean {
  const known = VERIFIED.get(root) ?? new Map<string, boolean>();
  VERIFIED.set(root, known);
  const name = leaf.fingerprint256;
  const verdict = known.get(name) ?? isSignedBy(leaf, root);
  known.set(name, verdict);
  return verdict;
}

function isSignedBy(leaf: X509Certificate, root: X509Certificate): boolean {
  try {
    return leaf.verify(root.publicKey);
  } catch {
    return false;
  }
}

function otherUsage(leaf: X509Certificate, usage: ExtendedUse): VerifyProblem | null {
  const { usages } = contentOf(leaf);
  if (usages.length === 0 || usages.includes(EXTENDED_USES[usage])) return null;
  return { kind: "usage", text: "x509: certificate specifies an incompatible key usage" };
}

/** Go names a certificate by its common name, else its organization, else its serial number. */
function nameOf(certificate: X509Certificate): string {
  const [organization] = organizationsOf(certificate);
  return (
    /^CN=(.+)$/m.exec(contentOf(certificate).subject)?.[1] ??
    organization ??
    `serial:${certificate.serialNumber}`
  );
}

/** Roles of Talos, groups of Kubernetes. */
export function organizationsOf(certificate: X509Certificate): readonly string[] {
  return contentOf(certificate).organizations;
}

function readOrganizations(certificate: X509Certificate): readonly string[] {
  const found: unknown = certificate.toLegacyObject().subject?.O;
  if (typeof found === "string") return [found];
  return Array.isArray(found) ? found.filter((value) => typeof value === "string") : [];
}

/** Go's `%q`, for texts without control characters. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
