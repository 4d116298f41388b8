import { certificateFacts, isSelfIssued } from "../../x509/certificate.ts";
import { ORGANIZATION, printedName, sameName, valuesOf } from "../../x509/distinguished-name.ts";
import { CLUSTER_NAME } from "./cluster-name.ts";
import { type EntryRule, ofCertificate, onWholePath } from "./entry-rule.ts";

const MANY_CHAIN_ITEMS = 3;

/** Names in the certificate, and which chain goes with it. */
export const NAME_AND_CHAIN_RULES: readonly EntryRule[] = [
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
    find: onWholePath(({ certificate, depth }, { chain }) => {
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
