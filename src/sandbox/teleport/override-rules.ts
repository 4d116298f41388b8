import "reflect-metadata";
import { createHash } from "node:crypto";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
} from "@peculiar/x509";

/**
 * The auth server's checks of an override resource by itself (reference teleport-overrides 2.2 to 2.4 and 2.7), with
 * its words. It stands here for the real server and shares nothing with what capstan itself checks.
 */
export interface StoredEntry {
  /** Lower-case hex. */
  readonly keyHash: string;
  /** PEM as submitted, `null` for an entry that only names its key. */
  readonly certificate: string | null;
  readonly chain: readonly string[];
  readonly disabled: boolean;
}

/** An entry as it was submitted. */
export interface SubmittedEntry {
  readonly public_key?: string;
  readonly certificate?: string;
  readonly chain?: readonly string[];
  readonly disabled?: boolean;
}

/** What the server refuses, in its own words. */
export class OverrideRefusal extends Error {}

function refuse(message: string): never {
  throw new OverrideRefusal(message);
}

const MAX_CHAIN = 10;
const CLUSTER_NAME = "1.3.9999.4.1";

export function overrideKeyHash(certificate: X509Certificate): string {
  return createHash("sha256").update(Buffer.from(certificate.publicKey.rawData)).digest("hex");
}

/** Every entry is looked at, touched or not; the first failure wins. */
export async function checkEntries(
  submitted: readonly (SubmittedEntry | null)[],
  cluster: string,
): Promise<readonly StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for (const [index, entry] of submitted.entries()) {
    const at = `spec.certificate_overrides[${index}]`;
    const checked = await checkEntry(entry, cluster, at);
    if (entries.some(({ keyHash }) => keyHash === checked.keyHash)) {
      refuse(`${at}: found duplicate override for public key "${checked.keyHash}"`);
    }
    entries.push(checked);
  }
  return entries;
}

async function checkEntry(entry: SubmittedEntry | null, cluster: string, at: string): Promise<StoredEntry> {
  if (entry === null) return refuse(`${at}: nil certificate override`);
  const { public_key = "", certificate = "", chain = [], disabled = false } = entry;
  const parsed = certificate === "" ? null : strictCertificate(certificate, `${at}.certificate`);
  if (parsed !== null) checkContent(parsed, cluster, `${at}.certificate`);
  if (public_key !== "" && !/^[0-9A-Fa-f]{64}$/.test(public_key)) refuse(`${at}: invalid public key`);
  const hash = parsed === null ? public_key.toLowerCase() : overrideKeyHash(parsed);
  if (parsed !== null && public_key !== "" && public_key.toLowerCase() !== hash) {
    refuse(`${at}.public_key: certificate public key mismatch (want "${hash}")`);
  }
  if (parsed === null && disabled && public_key === "") refuse(`${at}: certificate or public key required`);
  if (parsed === null && !disabled) refuse(`${at}: certificate required`);
  if (parsed === null && chain.length > 0) refuse(`${at}: chain not allowed with an empty certificate`);
  if (chain.length > MAX_CHAIN) {
    refuse(`${at}.chain: certificate chain has too many entries (${chain.length} > ${MAX_CHAIN})`);
  }
  if (parsed !== null) await checkChain(parsed, chain, `${at}.chain`);
  return { keyHash: hash, certificate: parsed === null ? null : certificate, chain, disabled };
}

function checkContent(certificate: X509Certificate, cluster: string, at: string): void {
  const name = clusterNameIn(certificate);
  if (name === null) refuse(`${at}: cluster name: certificate subject missing cluster name`);
  if (name !== cluster) refuse(`${at}: incorrect cluster name "${name}" (expected "${cluster}")`);
  if (!certificate.getExtension(BasicConstraintsExtension)?.ca) {
    refuse(`${at}: not a CA certificate (IsCA=false)`);
  }
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0;
  if ((usages & KeyUsageFlags.keyCertSign) === 0) refuse(`${at}: missing KeyUsage keyCertSign`);
  if ((usages & KeyUsageFlags.cRLSign) === 0) refuse(`${at}: missing KeyUsage cRLSign`);
  if (certificate.notBefore > certificate.notAfter) refuse(`${at}: NotBefore > NotAfter`);
}

/** Teleport's own attribute decides alone where there is one; else the first organization. */
function clusterNameIn(certificate: X509Certificate): string | null {
  const attributes = certificate.subjectName.toJSON();
  const first = (type: string) => attributes.flatMap((rdn) => rdn[type] ?? [])[0];
  return String(first(CLUSTER_NAME) ?? first("O") ?? "") || null;
}

async function checkChain(leaf: X509Certificate, chain: readonly string[], at: string): Promise<void> {
  let current = leaf;
  for (const [index, pem] of chain.entries()) {
    const issuer = strictCertificate(pem, `${at}[${index}]`);
    if (index === 0 && issuer.subject === leaf.subject) {
      refuse(`${at}[0]: override certificate should not be included in chain`);
    }
    if (issuer.subject !== current.issuer) {
      refuse(`${at}[${index}]: chain out of order, subject="${issuer.subject}" (want "${current.issuer}")`);
    }
    const failed = `${at}[${index}]: chain signature check failed, previous certificate not signed by current`;
    const usages = issuer.getExtension(KeyUsagesExtension)?.usages ?? KeyUsageFlags.keyCertSign;
    if (!issuer.getExtension(BasicConstraintsExtension)?.ca || (usages & KeyUsageFlags.keyCertSign) === 0) {
      refuse(`${failed}: x509: invalid signature: parent certificate cannot sign this kind of certificate`);
    }
    if (!(await current.verify({ publicKey: issuer.publicKey, signatureOnly: true }))) {
      refuse(`${failed}: x509: ECDSA verification failure`);
    }
    current = issuer;
  }
}

/** One PEM block with at most a line end behind it; text before it is passed over. */
export function strictCertificate(text: string, at: string): X509Certificate {
  const block = /(?:^|\n)-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)\n-----END \1-----([\s\S]*)$/.exec(text);
  if (block === null) return refuse(`${at}: expected PEM-encoded block`);
  const [, type, body = "", rest = ""] = block;
  if (type !== "CERTIFICATE") {
    refuse(`${at}: certificate PEM has unexpected block type "${type}" (want "CERTIFICATE")`);
  }
  if (!/^[ \t]*(\r?\n)?$/.test(rest)) refuse(`${at}: certificate PEM has unexpected trailing data`);
  try {
    return new X509Certificate(Buffer.from(body, "base64"));
  } catch {
    return refuse(`${at}: x509: malformed certificate`);
  }
}
