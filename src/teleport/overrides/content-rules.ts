import { writtenDate } from "../../written-date.ts";
import { type Certificate, isSelfIssued, orderChain } from "../../x509/certificate.ts";
import { checkSignatureFrom } from "../../x509/check-signature.ts";
import { ORGANIZATION, printedName, valuesOf } from "../../x509/distinguished-name.ts";
import { CLUSTER_NAME, clusterNameIn } from "./cluster-name.ts";
import type { OverrideFinding } from "./override-finding.ts";

/**
 * What the server demands of a certificate and its chain (reference 2.3, 2.4), each rule a row in its order.
 * Unlike the server, capstan goes on after the first violation, so that one review finds them all.
 */
interface ContentRule extends Pick<OverrideFinding, "code" | "remedy"> {
  readonly violated: (certificate: Certificate, cluster: string) => boolean;
  readonly message: (certificate: Certificate, cluster: string) => string;
  readonly serverText: (certificate: Certificate, cluster: string) => string;
}

const fixed = (text: string) => () => text;

const CONTENT: readonly ContentRule[] = [
  {
    code: "cluster-name-missing",
    violated: ({ subject }) => clusterNameIn(subject) === null,
    message: ({ subject }) => `has the subject ${printedName(subject)}, which names no cluster`,
    remedy: "have it issued for the subject of the CSR as it is, with the cluster name as organization (O)",
    serverText: fixed("missing cluster name"),
  },
  {
    code: "cluster-name-incorrect",
    violated: ({ subject }, cluster) => (clusterNameIn(subject) ?? cluster) !== cluster,
    message: ({ subject }, cluster) =>
      `is for the cluster ${clusterNameIn(subject)}, not ${cluster}: ${whereTheNameIsFrom(subject)}`,
    remedy: "have it issued with the cluster name, in the same case, as the first organization (O)",
    serverText: ({ subject }, cluster) =>
      `incorrect cluster name "${clusterNameIn(subject)}" (expected "${cluster}")`,
  },
  {
    code: "not-a-ca",
    violated: ({ basicConstraints }) => basicConstraints?.ca !== true,
    message: ({ basicConstraints }) =>
      basicConstraints === null ? "has no basicConstraints extension" : "has basicConstraints CA:FALSE",
    remedy: "have it issued with basicConstraints CA:TRUE; the CSR cannot ask for it",
    serverText: fixed("not a CA certificate (IsCA=false)"),
  },
  {
    code: "cert-sign-missing",
    violated: ({ keyUsage }) => keyUsage?.certSign !== true,
    message: ({ keyUsage }) =>
      keyUsage === null ? "has no keyUsage extension" : "lacks the key usage keyCertSign",
    remedy: "have it issued with keyUsage keyCertSign and cRLSign",
    serverText: fixed("missing KeyUsage keyCertSign"),
  },
  {
    code: "crl-sign-missing",
    violated: ({ keyUsage }) => keyUsage !== null && !keyUsage.crlSign,
    message: fixed("lacks the key usage cRLSign"),
    remedy: "have it issued with keyUsage keyCertSign and cRLSign",
    serverText: fixed("missing KeyUsage cRLSign"),
  },
  {
    code: "dates-reversed",
    violated: ({ notBefore, notAfter }) => Date.parse(notBefore) > Date.parse(notAfter),
    message: ({ notBefore, notAfter }) =>
      `begins on ${writtenDate(notBefore)}, after its end on ${writtenDate(notAfter)}`,
    remedy: "have it issued again, with dates in order",
    serverText: fixed("NotBefore > NotAfter"),
  },
];

/** What the server would refuse of a certificate that stands at `where`. */
export function contentFindings(
  certificate: Certificate,
  cluster: string,
  where: string,
): readonly OverrideFinding[] {
  return CONTENT.filter(({ violated }) => violated(certificate, cluster)).map(
    ({ code, message, remedy, serverText }) => ({
      severity: "error",
      code,
      where,
      message: message(certificate, cluster),
      remedy,
      serverText: serverText(certificate, cluster),
    }),
  );
}

function whereTheNameIsFrom(subject: Certificate["subject"]): string {
  if (valuesOf(subject, CLUSTER_NAME).length > 0) return `its attribute ${CLUSTER_NAME} decides alone`;
  return valuesOf(subject, ORGANIZATION).length > 1
    ? "of several organizations the first one counts"
    : "its organization (O) says so";
}

/** How many certificates a chain may have (reference 2.3). */
export const MAX_CHAIN = 10;

interface Link {
  readonly certificate: Certificate;
  readonly index: number;
  /** The chain item, and the certificate that it should have issued. */
  readonly issuer: Certificate;
  readonly child: Certificate;
  readonly ordered: readonly Certificate[] | null;
}

interface ChainRule extends Pick<OverrideFinding, "code"> {
  readonly violated: (link: Link) => boolean;
  readonly message: (link: Link) => string;
  readonly remedy: (link: Link) => string;
  readonly serverText: (link: Link) => string;
}

const NOT_IN_CHAIN = "override certificate should not be included in chain";

const hasSubjectOfCertificate = ({ index, certificate, issuer }: Link): boolean =>
  index === 0 && printedName(certificate.subject) === printedName(issuer.subject);

/** First violation of an item wins: after it, the next rules have nothing sensible to say. */
const CHAIN: readonly ChainRule[] = [
  {
    code: "chain-contains-certificate",
    violated: (link) => hasSubjectOfCertificate(link) && link.issuer.sha256 === link.certificate.sha256,
    message: fixed("is the override certificate itself"),
    remedy: fixed("remove it: the chain begins with the certificate's issuer"),
    serverText: fixed(NOT_IN_CHAIN),
  },
  {
    code: "chain-same-subject",
    violated: hasSubjectOfCertificate,
    message: ({ issuer }) =>
      `has the same subject as the certificate, ${printedName(issuer.subject)}: Teleport takes it for the certificate itself`,
    remedy: fixed("have the override certificate issued with a subject of its own, other than its issuer's"),
    serverText: fixed(NOT_IN_CHAIN),
  },
  {
    code: "chain-out-of-order",
    violated: ({ child, issuer }) => printedName(child.issuer) !== printedName(issuer.subject),
    message: ({ child, issuer }) =>
      `is ${printedName(issuer.subject)}, where the issuer ${printedName(child.issuer)} should be`,
    remedy: ({ ordered }) =>
      ordered === null
        ? "add the missing issuer: the chain goes from the certificate's issuer towards the root, without gaps"
        : `order the chain from the certificate's issuer to the root: ${ordered.map(({ subject }) => printedName(subject)).join(" | ")}`,
    serverText: ({ child, issuer }) =>
      `chain out of order, subject="${printedName(issuer.subject)}" (want "${printedName(child.issuer)}")`,
  },
  {
    code: "chain-signature",
    violated: ({ child, issuer }) => checkSignatureFrom(child, issuer) !== null,
    message: ({ child, issuer }) =>
      `${printedName(issuer.subject)} did not sign the certificate before it, or may not: ${checkSignatureFrom(child, issuer)}`,
    remedy: fixed(
      "take the issuer's certificate that belongs to the key which really signed, with CA:TRUE and keyCertSign, and a signature of SHA-256 or better",
    ),
    serverText: ({ child, issuer }) =>
      `chain signature check failed, previous certificate not signed by current: ${checkSignatureFrom(child, issuer)}`,
  },
];

/**
 * What the server would refuse of a chain: at most one thing for each item. `where` is the place of the
 * entry.
 */
export function chainFindings(
  certificate: Certificate,
  chain: readonly Certificate[],
  where: string,
): readonly OverrideFinding[] {
  const ordered = sortedChain(certificate, chain);
  return chain.flatMap((issuer, index) => {
    const child = chain[index - 1] ?? certificate;
    const link: Link = { certificate, index, issuer, child, ordered };
    const rule = CHAIN.find(({ violated }) => violated(link));
    if (rule === undefined) return [];
    return [
      {
        severity: "error",
        code: rule.code,
        where: `${where}.chain[${index}]`,
        message: rule.message(link),
        remedy: rule.remedy(link),
        serverText: rule.serverText(link),
      },
    ];
  });
}

/** The same certificates in the one order that fits, or `null` where none does. */
export function sortedChain(
  certificate: Certificate,
  chain: readonly Certificate[],
): readonly Certificate[] | null {
  const { chain: sorted, leftOver } = orderChain(certificate, chain);
  return leftOver.length === 0 && (sorted.length > 0 || isSelfIssued(certificate)) ? sorted : null;
}
