import { isoTime } from "../../iso-time.ts";
import { writtenDate, writtenMoment } from "../../written-date.ts";
import { authorityKey, type CaKeys } from "./ca-keys.ts";
import { crlProblem } from "./crl.ts";
import type { LiveContext } from "./live-context.ts";
import type { FindingCode, OverrideFinding } from "./override-finding.ts";
import {
  type EntryChange,
  KEY_UNKNOWN,
  ORPHAN_EDITED,
  ORPHAN_ENABLED,
  type Told,
} from "./refused-by-server.ts";

/**
 * One row per rule, asked for every entry of the desired resource, with the entry that the cluster has for the
 * same key. The order is the server's: live cluster (reference 2.5), then CRL (2.6), then what only capstan sees.
 */
interface ClusterEntryRule {
  readonly code: FindingCode;
  readonly severity: OverrideFinding["severity"];
  readonly find: (subject: EntryInCluster) => (Told & { readonly at?: string }) | null;
}

/** A desired entry, and what the cluster has of the same key. */
export interface EntryInCluster extends LiveContext, EntryChange {
  readonly keys: CaKeys;
  /** End of the self-signed certificate of the same key. */
  readonly bound: string | null;
}

/** The rules about one entry. */
export const CLUSTER_ENTRY_RULES: readonly ClusterEntryRule[] = [
  { ...KEY_UNKNOWN, severity: "error" },
  { ...ORPHAN_ENABLED, severity: "error" },
  {
    code: "expires-after-self-signed", // L4
    severity: "error",
    find: ({ entry: { keyHash, certificate }, bound }) =>
      certificate === null || bound === null || Date.parse(certificate.notAfter) <= Date.parse(bound)
        ? null
        : {
            at: ".certificate",
            message: `expires on ${writtenDate(certificate.notAfter)}, after the self-signed certificate of its key (${writtenDate(bound)})`,
            remedy: `have it issued with an end of at most ${writtenDate(bound)}`,
            serverText: `certificate override "${keyHash}" expires after self-signed CA certificate, that is not allowed: ${certificate.notAfter} > ${bound}`,
          },
  },
  {
    code: "live-disable", // L5
    severity: "error",
    find: ({ entry, before, keys }) =>
      before?.state === "enabled" && entry.state !== "enabled" && keys.active.includes(entry.keyHash)
        ? {
            message:
              "would be disabled while its key signs: everybody who trusts only the external CA is cut off",
            remedy: "first have the self-signed certificate trusted everywhere",
            serverText: `Attempt to disable enabled override "${entry.keyHash}" of active certificate denied`,
          }
        : null,
  },
  {
    code: "crl-impossible",
    severity: "error",
    find: ({ entry: { keyHash, certificate }, live, known, now }) => {
      if (certificate === null || known) return null;
      const problem = crlProblem(live.crls.get(keyHash), certificate, now);
      return problem === null
        ? null
        : {
            message: `needs a new revocation list (${problem}), which nobody can sign: its key is gone from the CA`,
            remedy:
              "remove the entry; until then every other change of this resource fails too, even with force",
            serverText: `unknown CA certificate "${keyHash}", cannot create CRL`,
          };
    },
  },
  {
    code: "self-signed-expired",
    severity: "error",
    find: ({ entry: { keyHash, certificate }, live, bound, now }) =>
      certificate === null ||
      bound === null ||
      Date.parse(bound) >= now ||
      crlProblem(live.crls.get(keyHash), certificate, now) === null
        ? null
        : {
            message: `needs a revocation list, but the self-signed certificate of its key expired on ${writtenDate(bound)}`,
            remedy: "rotate this CA",
            serverText: "x509: template.ThisUpdate is after template.NextUpdate",
          },
  },
  {
    code: "crl-held-elsewhere",
    severity: "info",
    find: ({ entry, live, keys, authority, now }) => {
      const storage = authorityKey(authority, entry.keyHash)?.storage ?? "software";
      const shared = keys.active.length + keys.additional.length > 1;
      if (entry.state !== "enabled" || storage === "software" || !shared) return null;
      return crlProblem(live.crls.get(entry.keyHash), entry.certificate, now) === null
        ? null
        : {
            message: `has its key in ${storage}, perhaps of another auth server than the one that answers`,
            remedy:
              "nothing to do: capstan creates it disabled, waits for its revocation list, then enables it",
            serverText: `Auth server cannot sign CRL for enabled override "${entry.keyHash}"`,
          };
    },
  },
  {
    code: "orphan",
    severity: "warning",
    find: ({ before, known }) =>
      known || before === undefined
        ? null
        : {
            message: "is for a key that is gone from the CA",
            remedy: "remove the entry from the repository: capstan then deletes it from the cluster too",
          },
  },
  { ...ORPHAN_EDITED, severity: "error" },
  {
    code: "expires-before-rotation-ends",
    severity: "error",
    find: ({ entry: { state, certificate, chain }, known, rotationEndsAt }) => {
      if (state === "waived" || !known || rotationEndsAt === null) return null;
      const first = [certificate, ...chain].find(({ notAfter }) => Date.parse(notAfter) < rotationEndsAt);
      return first === undefined
        ? null
        : {
            message: `ends on ${writtenDate(first.notAfter)}, before the rotation can be over (${writtenMoment(isoTime(rotationEndsAt))})`,
            remedy: "renew it before the rotation goes on",
          };
    },
  },
];
