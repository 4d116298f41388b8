import type { CertificateFacts } from "../../rotation/observation.ts";
import { writtenDate } from "../../written-date.ts";
import { type Certificate, certificateFacts } from "../../x509/certificate.ts";
import { printedName } from "../../x509/distinguished-name.ts";
import type { KeyHash } from "../../x509/spki.ts";
import type { CaOverride, EntryState, OverrideEntry } from "./ca-override.ts";

/** One entry, before and after, for plans. Unchanged entries are listed as well: a plan shows what is. */
export interface EntryDifference {
  readonly keyHash: KeyHash;
  readonly change: "added" | "removed" | "changed" | "unchanged";
  readonly from: EntryFacts | null;
  readonly to: EntryFacts | null;
  /** Empty unless something is both there before and after, and differs. */
  readonly fields: readonly FieldChange[];
}

interface EntryFacts {
  readonly state: EntryState;
  /** `null` for a waived key. */
  readonly certificate: (CertificateFacts & { readonly sha256: string }) | null;
  /** Leaf to root, one line per certificate. */
  readonly chain: readonly string[];
}

interface FieldChange {
  readonly field: (typeof FIELDS)[number]["field"];
  readonly from: string;
  readonly to: string;
}

const NOTHING = "none";

/** What a plan tells apart. The certificate's own digest comes last: it differs whenever anything in it does. */
const FIELDS = [
  { field: "state", of: ({ state }) => state },
  { field: "subject", of: ({ certificate }) => certificate?.subject ?? NOTHING },
  { field: "issuer", of: ({ certificate }) => certificate?.issuer ?? NOTHING },
  { field: "serial", of: ({ certificate }) => certificate?.serial ?? NOTHING },
  { field: "notBefore", of: ({ certificate }) => certificate?.notBefore ?? NOTHING },
  { field: "notAfter", of: ({ certificate }) => certificate?.notAfter ?? NOTHING },
  { field: "certificate", of: ({ certificate }) => certificate?.sha256 ?? NOTHING },
  { field: "chain", of: ({ chain }) => (chain.length === 0 ? NOTHING : chain.join("\n")) },
] as const satisfies readonly {
  readonly field: string;
  readonly of: (facts: EntryFacts) => string;
}[];

/**
 * What separates two resources, by key hash: order, `status`, revision, letter case and the PEM text around the
 * DER never count (reference 6). Sorted by key hash, so that equal inputs give equal plans.
 */
export function compareOverrides(
  from: Pick<CaOverride, "entries">,
  to: Pick<CaOverride, "entries">,
): readonly EntryDifference[] {
  const hashes = new Set([...from.entries.keys(), ...to.entries.keys()]);
  return [...hashes].sort().map((keyHash) => {
    const before = factsOfEntry(from.entries.get(keyHash));
    const after = factsOfEntry(to.entries.get(keyHash));
    const fields = before === null || after === null ? [] : changes(before, after);
    const change =
      before === null ? "added" : after === null ? "removed" : fields.length > 0 ? "changed" : "unchanged";
    return { keyHash, change, from: before, to: after, fields };
  });
}

/** Whether nothing separates two resources, in the sense of `compareOverrides`. */
export function sameOverride(one: Pick<CaOverride, "entries">, other: Pick<CaOverride, "entries">): boolean {
  return compareOverrides(one, other).every(({ change }) => change === "unchanged");
}

/** Same certificate and chain, whatever the state: what `update-override` would not have to send. */
export function sameCertificates(one: OverrideEntry, other: OverrideEntry): boolean {
  return one.certificate?.sha256 === other.certificate?.sha256 && sameChain(one.chain, other.chain);
}

/** Whether two chains are the same certificates in the same order. */
export function sameChain(one: readonly Certificate[], other: readonly Certificate[]): boolean {
  return (
    one.length === other.length &&
    one.every((certificate, index) => certificate.sha256 === other[index]?.sha256)
  );
}

function changes(before: EntryFacts, after: EntryFacts): readonly FieldChange[] {
  return FIELDS.map(({ field, of }) => ({ field, from: of(before), to: of(after) })).filter(
    ({ from, to }) => from !== to,
  );
}

function factsOfEntry(entry: OverrideEntry | undefined): EntryFacts | null {
  if (entry === undefined) return null;
  const { state, certificate, chain } = entry;
  return {
    state,
    certificate:
      certificate === null ? null : { ...certificateFacts(certificate), sha256: certificate.sha256 },
    chain: chain.map(
      ({ subject, notAfter, sha256 }) =>
        `${printedName(subject)}, until ${writtenDate(notAfter.slice(0, 10))}, sha256 ${sha256.slice(0, 16)}`,
    ),
  };
}
