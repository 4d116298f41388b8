import { isSelfIssued } from "../../x509/certificate.ts";
import { printedName } from "../../x509/distinguished-name.ts";
import { type EntryRule, ofCertificate, onWholePath } from "./entry-rule.ts";

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

/** Extensions: what limits or loses the path from a leaf to the root. */
export const EXTENSION_RULES: readonly EntryRule[] = [
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
    find: onWholePath(({ certificate }) => {
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
    find: onWholePath(({ certificate, depth }, { chain }) => {
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
    find: onWholePath(({ certificate, depth }, { path }) => {
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
    find: onWholePath(({ certificate }) =>
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
    find: onWholePath(({ certificate: { extendedKeyUsage } }, { type }) => {
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
    find: onWholePath(({ certificate, depth }) =>
      depth > 0 && certificate.keyUsage === null && certificate.version === 3
        ? { severity: "warning", message: "has no keyUsage extension, which some verifiers demand of a CA" }
        : null,
    ),
  },
];
