import { type Certificate, certificateFacts, isSelfIssued, isSelfSigned } from "../../x509/certificate.ts";
import { ORGANIZATION, printedName, sameName, valuesOf } from "../../x509/distinguished-name.ts";
import { signatureAlgorithm } from "../../x509/signature-algorithm.ts";
import { CLUSTER_NAME } from "./cluster-name.ts";
import { daysLeft, expiryLevel } from "./expiry.ts";
import type { FindingCode, OverrideFinding, Severity } from "./finding.ts";
import type { CaOverride, OverrideEntry } from "./resource.ts";

/**
 * What the server does not look at and people break on (reference 8, column "capstan"). One row per rule; a row
 * looks at a whole entry and says where in it something is wrong.
 */
interface Rule {
  readonly code: FindingCode;
  readonly remedy: string;
  readonly find: (subject: Subject) => readonly Flaw[];
}

interface Subject {
  readonly type: string;
  readonly state: "enabled" | "staged";
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
  /** The certificate and its chain, each with its place. */
  readonly path: readonly Place[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface Place {
  readonly at: string;
  readonly certificate: Certificate;
  /** 0 for the override certificate. */
  readonly depth: number;
}

interface Flaw {
  readonly severity: Severity;
  readonly at: string;
  readonly message: string;
}

/** The flaw at every place of the path where there is one. */
function everywhere(
  judge: (place: Place, subject: Subject) => Omit<Flaw, "at"> | null,
): (subject: Subject) => readonly Flaw[] {
  return (subject) =>
    subject.path.flatMap((place) => {
      const flaw = judge(place, subject);
      return flaw === null ? [] : [{ ...flaw, at: place.at }];
    });
}

/** The flaw of the override certificate itself. */
function ofCertificate(
  judge: (subject: Subject) => Omit<Flaw, "at"> | null,
): (subject: Subject) => readonly Flaw[] {
  return (subject) => {
    const flaw = judge(subject);
    return flaw === null ? [] : [{ ...flaw, at: ".certificate" }];
  };
}

function atLevel(level: "high" | "medium" | "low"): Rule["find"] {
  return everywhere(({ certificate }, { now }) =>
    expiryLevel(certificate, now) === level
      ? {
          severity: "warning",
          message: `expires in ${daysLeft(certificate.notAfter, now)} days, at ${certificate.notAfter}`,
        }
      : null,
  );
}

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SMART_CARD_LOGON = "1.3.6.1.4.1.311.20.2.2";
const ANY_USAGE = "2.5.29.37.0";

/** What certificates below the override must be allowed to do; an issuer with a list of usages limits them. */
const NEEDED_USAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  db_client: { clientAuth: CLIENT_AUTH },
  windows: { clientAuth: CLIENT_AUTH, "smart card logon": SMART_CARD_LOGON },
};

/** Extensions that the usual TLS libraries evaluate; a critical one outside makes them refuse the chain. */
const EVALUATED = [
  "2.5.29.14", // subjectKeyIdentifier
  "2.5.29.15", // keyUsage
  "2.5.29.17", // subjectAltName
  "2.5.29.19", // basicConstraints
  "2.5.29.30", // nameConstraints
  "2.5.29.31", // cRLDistributionPoints
  "2.5.29.32", // certificatePolicies
  "2.5.29.35", // authorityKeyIdentifier
  "2.5.29.36", // policyConstraints
  "2.5.29.37", // extKeyUsage
  "2.5.29.54", // inhibitAnyPolicy
];

const MANY_CHAIN_ITEMS = 3;

const RULES: readonly Rule[] = [
  {
    code: "certificate-expired",
    remedy: "renew it (capstan override renew), or replace the issuer that has expired",
    find: everywhere(({ certificate }, { now }) =>
      Date.parse(certificate.notAfter) < now
        ? {
            severity: "error",
            message: `expired at ${certificate.notAfter}; Teleport would use it all the same`,
          }
        : null,
    ),
  },
  {
    code: "certificate-not-yet-valid",
    remedy: "wait until it is valid before you enable it, or check the external CA's clock",
    find: everywhere(({ certificate }, { now, state }) =>
      Date.parse(certificate.notBefore) > now
        ? {
            severity: state === "enabled" ? "error" : "warning",
            message: `is not valid before ${certificate.notBefore}`,
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
    find: everywhere(({ certificate, depth }) => {
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
    find: everywhere(({ certificate: { key } }) =>
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
    find: everywhere(({ certificate }) => {
      const { name, soundness } = signatureAlgorithm(certificate.signature);
      return soundness === "unusual"
        ? {
            severity: "info",
            message: `is signed with ${name}, which not every database or Windows version verifies`,
          }
        : null;
    }),
  },
  {
    code: "extension-not-critical",
    remedy: "have basicConstraints and keyUsage marked critical, as RFC 5280 demands",
    find: ofCertificate(({ certificate: { basicConstraints, keyUsage } }) => {
      const lax = [
        basicConstraints?.critical === false ? "basicConstraints" : null,
        keyUsage?.critical === false ? "keyUsage" : null,
      ].filter((name) => name !== null);
      return lax.length === 0
        ? null
        : { severity: "warning", message: `does not mark ${lax.join(" and ")} as critical` };
    }),
  },
  {
    code: "critical-extension-unknown",
    remedy: "have it issued without this extension, or with it marked as not critical",
    find: everywhere(({ certificate }) => {
      const unknown = certificate.criticalExtensions.filter((oid) => !EVALUATED.includes(oid));
      return unknown.length === 0
        ? null
        : {
            severity: "warning",
            message: `has the critical extension ${unknown.join(", ")}: who does not know it must refuse the chain`,
          };
    }),
  },
  {
    code: "authority-key-id-missing",
    remedy: "have it issued with an authorityKeyIdentifier, so that the right issuer is found",
    find: ofCertificate(({ certificate }) =>
      certificate.authorityKeyId === null && !isSelfIssued(certificate)
        ? { severity: "warning", message: "has no authorityKeyIdentifier" }
        : null,
    ),
  },
  {
    code: "authority-key-id-mismatch",
    remedy: "take the issuer's certificate whose subjectKeyIdentifier is named here",
    find: everywhere(({ certificate, depth }, { chain }) => {
      const next = chain[depth];
      // Of another name it is not the issuer at all, which the order of the chain tells already.
      if (next === undefined || printedName(certificate.issuer) !== printedName(next.subject)) return null;
      const named = certificate.authorityKeyId;
      return named !== null && next.subjectKeyId !== null && named !== next.subjectKeyId
        ? {
            severity: "error",
            message: `names the issuer key ${named}, but the next certificate of the chain says it is ${next.subjectKeyId}; OpenSSL refuses that`,
          }
        : null;
    }),
  },
  {
    code: "path-length",
    remedy: "have the issuer's certificate issued with a larger path length, or use another issuer",
    find: everywhere(({ certificate, depth }, { path }) => {
      const allowed = certificate.basicConstraints?.pathLength ?? null;
      // The certificates of users and databases are leaves below the override certificate; only CAs count.
      const below = path.slice(0, depth).filter((place) => !isSelfIssued(place.certificate)).length;
      return allowed !== null && allowed < below
        ? {
            severity: "error",
            message: `allows ${allowed} CA certificates below it (pathlen:${allowed}), but ${below} ${below === 1 ? "is" : "are"} there; path validation fails downstream`,
          }
        : null;
    }),
  },
  {
    code: "name-constraints",
    remedy: "check that the constraints permit the names of database users and desktops' users",
    find: everywhere(({ certificate }) =>
      certificate.hasNameConstraints
        ? {
            severity: "warning",
            message: "has name constraints, which apply to every certificate that Teleport issues below it",
          }
        : null,
    ),
  },
  {
    code: "extended-key-usage",
    remedy: "have it issued without extendedKeyUsage, or with the missing usages",
    find: everywhere(({ certificate: { extendedKeyUsage } }, { type }) => {
      if (extendedKeyUsage === null || extendedKeyUsage.includes(ANY_USAGE)) return null;
      const missing = Object.entries(NEEDED_USAGES[type] ?? {}).filter(
        ([, oid]) => !extendedKeyUsage.includes(oid),
      );
      return missing.length === 0
        ? null
        : {
            severity: "warning",
            message: `limits extended key usage without ${missing.map(([name]) => name).join(" and ")}, which many verifiers apply to everything below`,
          };
    }),
  },
  {
    code: "key-usage-missing",
    remedy: "prefer an issuer with keyUsage keyCertSign",
    find: everywhere(({ certificate, depth }) =>
      depth > 0 && certificate.keyUsage === null && certificate.version === 3
        ? { severity: "warning", message: "has no keyUsage extension, which some verifiers demand of a CA" }
        : null,
    ),
  },
  {
    code: "organization-ambiguous",
    remedy: "have it issued with one organization (O), the cluster name",
    find: ofCertificate(({ certificate: { subject } }) => {
      const joined = subject.find((rdn) => rdn.filter(({ type }) => type === ORGANIZATION).length > 1);
      return joined === undefined
        ? null
        : {
            severity: "warning",
            message: `has several organizations in one part of its subject; DER sorts them, and ${valuesOf(subject, ORGANIZATION)[0]} is the first`,
          };
    }),
  },
  {
    code: "cluster-name-by-oid",
    remedy:
      "have it issued with O=<cluster> and without the attribute, if a PostgreSQL server has to trust it",
    find: ofCertificate(({ type, certificate: { subject } }) =>
      type === "db_client" && valuesOf(subject, CLUSTER_NAME).length > 0
        ? {
            severity: "warning",
            message: `has the attribute ${CLUSTER_NAME} in its subject; PostgreSQL refuses certificates of such an issuer`,
          }
        : null,
    ),
  },
  {
    code: "chain-missing",
    remedy:
      "add the intermediates, from the certificate's issuer towards the root, unless its issuer is the trusted root",
    find: ofCertificate(({ type, certificate, chain }) =>
      type === "db_client" && chain.length === 0 && !isSelfIssued(certificate)
        ? {
            severity: "warning",
            message: `has no chain: who trusts only the root finds no path if ${certificateFacts(certificate).issuer} is an intermediate`,
          }
        : null,
    ),
  },
  {
    code: "chain-long",
    remedy: "leave out the root, and what everybody already has",
    find: ({ chain }) =>
      chain.length > MANY_CHAIN_ITEMS
        ? [
            {
              severity: "warning",
              at: ".chain",
              message: `has ${chain.length} certificates, sent with every handshake`,
            },
          ]
        : [],
  },
  {
    code: "chain-not-presented",
    remedy: "publish intermediates and root in Active Directory, and this certificate in NTAuth",
    find: ({ type, chain }) =>
      type === "windows" && chain.length > 0
        ? [{ severity: "info", at: ".chain", message: "is never presented to Windows desktops" }]
        : [],
  },
  {
    code: "chain-name-differs",
    remedy:
      "have the certificate issued with the issuer's name exactly as it stands in the issuer's certificate",
    find: everywhere(({ certificate, depth }, { chain }) => {
      const issuer = chain[depth];
      return issuer !== undefined &&
        printedName(certificate.issuer) === printedName(issuer.subject) &&
        !sameName(certificate.issuer, issuer.subject)
        ? {
            severity: "error",
            message: `names its issuer with the parts in another order than the issuer itself (${printedName(issuer.subject)}); Teleport does not see that, TLS libraries do`,
          }
        : null;
    }),
  },
];

/** All rules over all entries, entry by entry. Together with `override.findings` this is what `validate` says. */
export function checkOverride(override: CaOverride, now: number): readonly OverrideFinding[] {
  return [...override.entries.values()].flatMap((entry) => checkEntry(entry, override.type, now));
}

/** For one entry, also one that stands only in the cluster. */
export function checkEntry(entry: OverrideEntry, type: string, now: number): readonly OverrideFinding[] {
  if (entry.state === "waived") return [];
  const { state, certificate, chain, where } = entry;
  const path = [
    { at: ".certificate", certificate, depth: 0 },
    ...chain.map((item, index) => ({ at: `.chain[${index}]`, certificate: item, depth: index + 1 })),
  ];
  const subject: Subject = { type, state, certificate, chain, path, now };
  const own: OverrideFinding[] = RULES.flatMap(({ code, remedy, find }) =>
    find(subject).map(({ severity, at, message }) => ({
      severity,
      code,
      where: `${where}${at}`,
      message,
      remedy,
    })),
  );
  return certificate.subjectKeyId === null ? [MISSING_SKI(where), ...own] : own;
}

/** No document lists it, but signing the CRL fails without it, and force does not help (reference 2.6). */
const MISSING_SKI = (where: string): OverrideFinding => ({
  severity: "error",
  code: "subject-key-id-missing",
  where: `${where}.certificate`,
  message: "has no subjectKeyIdentifier, without which Teleport cannot sign its revocation list",
  remedy: "have it issued with a subjectKeyIdentifier; the CSR cannot ask for it",
  serverText: "x509: issuer certificate doesn't contain a subject key identifier",
});
