import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import {
  findOpensshBlob,
  isCertificateType,
  readOpensshCertificate,
  readOpensshKey,
} from "../x509/openssh-key.ts";
import { fingerprintOf, spkiOf } from "../x509/spki.ts";
import { type CandidateKey, caInWords, trustOf, usesFrom } from "./candidates.ts";
import { showOpensshCertificate, signersOfOpenssh } from "./judge-openssh.ts";
import { issuesOverride, showCertificate, signersOf } from "./judge-tls.ts";
import { ProbeEnd, type ShownKey, type UnnamedResult } from "./result.ts";

/** What a file says of the candidates. */
interface Content {
  /** Keys that the file makes whoever reads it trust. */
  readonly trusted: readonly KeyObject[];
  /** Certificates that one of the candidates may have issued, with those that did. */
  readonly issued: readonly { readonly shown: ShownKey; readonly from: readonly CandidateKey[] }[];
  readonly protocols: readonly CandidateKey["protocol"][];
}

/**
 * Looks for the candidates in a file of the repository: PEM (also indented, as in Helm values) or lines of
 * OpenSSH. Pure: the caller read it. A CA in it is trusted; a certificate that a CA issued is used.
 */
export function checkFile(path: string, bytes: Uint8Array, all: readonly CandidateKey[]): UnnamedResult {
  const content = readContent(Buffer.from(bytes), all);
  if (content.trusted.length + content.issued.length === 0) {
    throw new ProbeEnd("unknown", `${path} holds no certificate and no key of a CA`);
  }
  const candidates = all.filter(({ protocol }) => content.protocols.includes(protocol));
  if (candidates.length === 0) {
    throw new ProbeEnd(
      "unknown",
      `${path} holds ${content.protocols.join(" and ")} keys, and the CA has none`,
    );
  }
  const holds = ({ spki }: CandidateKey): boolean => content.trusted.some((key) => spkiOf(key).equals(spki));
  const isTrusted = (candidate: CandidateKey): boolean =>
    holds(candidate) || content.trusted.some((key) => issuesOverride(key, candidate));
  const present = candidates.filter(isTrusted);
  const from = content.issued.flatMap((issued) => issued.from);
  const uses = usesFrom(content.issued.length > 0 ? from : present);
  const verb = content.issued.length > 0 ? "a certificate issued by" : "";
  return {
    uses,
    trusts:
      content.issued.length > 0 && content.trusted.length === 0
        ? { old: "unknown", new: "unknown" }
        : trustOf(candidates, (candidate) => (isTrusted(candidate) ? "yes" : "no")),
    detail: `${path} holds ${[verb, caInWords(uses)].filter(Boolean).join(" ")}${
      present.every(holds) ? "" : ", by the external CA that overrides it"
    }.`,
    evidence: {
      protocol: null,
      shown: [
        ...content.trusted.map((key) => ({
          fingerprint: fingerprintOf(spkiOf(key)),
          subject: null,
          notAfter: null,
          from: present.filter(({ spki }) => spkiOf(key).equals(spki)).map(({ fingerprint }) => fingerprint),
        })),
        ...content.issued.map(({ shown }) => shown),
      ],
      accepts: null,
    },
  };
}

function readContent(bytes: Buffer, candidates: readonly CandidateKey[]): Content {
  // What begins like DER is no text.
  if (bytes[0] === 0x30) return readX509([new X509Certificate(bytes)], [], candidates);
  const text = bytes.toString("utf8").replace(/^[ \t]+/gm, "");
  if (!/^-----BEGIN /m.test(text)) return readLines(text, candidates);
  const certificates = blocks(text, "CERTIFICATE").map((pem) => new X509Certificate(pem));
  return readX509(
    certificates,
    blocks(text, "PUBLIC KEY").map((pem) => createPublicKey(pem)),
    candidates,
  );
}

function readX509(
  certificates: readonly X509Certificate[],
  keys: readonly KeyObject[],
  candidates: readonly CandidateKey[],
): Content {
  const isAuthority = (certificate: X509Certificate): boolean =>
    certificate.ca || candidates.some(({ spki }) => spki.equals(spkiOf(certificate.publicKey)));
  const authorities = certificates.filter(isAuthority);
  return {
    trusted: [...authorities.map(({ publicKey }) => publicKey), ...keys],
    issued: certificates
      .filter((certificate) => !isAuthority(certificate))
      .map((certificate) => {
        const from = signersOf(certificate, authorities, candidates);
        return { shown: showCertificate(certificate, from), from };
      }),
    // A CA with keys of both kinds (spiffe) is judged by the kind that the file is about.
    protocols: [
      ...(certificates.length > 0 ? (["tls"] as const) : []),
      ...(keys.length > 0 ? (["jwt"] as const) : []),
    ],
  };
}

function blocks(text: string, label: string): readonly string[] {
  return text.match(new RegExp(`^-----BEGIN ${label}-----[^-]*^-----END ${label}-----`, "gm")) ?? [];
}

function readLines(text: string, candidates: readonly CandidateKey[]): Content {
  const trusted: KeyObject[] = [];
  const issued: { shown: ShownKey; from: readonly CandidateKey[] }[] = [];
  for (const line of text.split("\n")) {
    const found = line.trim().startsWith("#") ? null : findOpensshBlob(line);
    if (found === null) continue;
    if (isCertificateType(found.type)) issued.push(readIssued(found.blob, candidates));
    else if (isAuthorityLine(found.prefix)) trusted.push(readOpensshKey(line).publicKey);
  }
  return { trusted, issued, protocols: ["ssh"] };
}

/**
 * A key alone on its line is one of TrustedUserCAKeys. In known_hosts and authorized_keys a marker makes a CA
 * of it: without one the line is about a single host or user, and @revoked is the opposite of trust.
 */
function isAuthorityLine(prefix: readonly string[]): boolean {
  if (prefix.length === 0 || prefix[0] === "@cert-authority") return true;
  return /(^|,)cert-authority(,|$)/.test(prefix[0] ?? "");
}

function readIssued(
  blob: Buffer,
  candidates: readonly CandidateKey[],
): { readonly shown: ShownKey; readonly from: readonly CandidateKey[] } {
  const certificate = readOpensshCertificate(blob);
  const from = signersOfOpenssh(certificate, candidates);
  return { shown: showOpensshCertificate(certificate, from), from };
}
