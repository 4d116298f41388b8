import type { Certificate } from "../../x509/certificate.ts";
import type { FindingCode, Severity } from "./override-finding.ts";

/**
 * What the server does not look at and people break on (reference 8, column "capstan"). One row per rule; a row
 * looks at a whole entry and says where in it something is wrong.
 */
export interface EntryRule {
  readonly code: FindingCode;
  readonly remedy: string;
  readonly find: (subject: RuledEntry) => readonly Flaw[];
}

/** An entry with a certificate, as the rules see it. */
export interface RuledEntry {
  readonly type: string;
  readonly state: "enabled" | "staged";
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
  /** The certificate and its chain, each with its place. */
  readonly path: readonly CertificateAt[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface CertificateAt {
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
export function onWholePath(
  judge: (place: CertificateAt, subject: RuledEntry) => Omit<Flaw, "at"> | null,
): (subject: RuledEntry) => readonly Flaw[] {
  return (subject) =>
    subject.path.flatMap((place) => {
      const flaw = judge(place, subject);
      return flaw === null ? [] : [{ ...flaw, at: place.at }];
    });
}

/** The flaw of the override certificate itself. */
export function ofCertificate(
  judge: (subject: RuledEntry) => Omit<Flaw, "at"> | null,
): (subject: RuledEntry) => readonly Flaw[] {
  return (subject) => {
    const flaw = judge(subject);
    return flaw === null ? [] : [{ ...flaw, at: ".certificate" }];
  };
}
