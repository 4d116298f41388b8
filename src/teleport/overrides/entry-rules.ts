import type { CaOverride, OverrideEntry } from "./ca-override.ts";
import type { RuledEntry } from "./entry-rule.ts";
import { EXTENSION_RULES } from "./extension-rules.ts";
import { NAME_AND_CHAIN_RULES } from "./name-and-chain-rules.ts";
import type { OverrideFinding } from "./override-finding.ts";
import { VALIDITY_RULES } from "./validity-rules.ts";

/** In the order in which their findings are told. */
const ENTRY_RULES = [...VALIDITY_RULES, ...EXTENSION_RULES, ...NAME_AND_CHAIN_RULES];

/** All rules over all entries, entry by entry. Together with `override.findings` this is what `validate` says. */
export function checkOverride(override: CaOverride, now: number): readonly OverrideFinding[] {
  return [...override.entries.values()].flatMap((entry) => checkEntry(entry, override.type, now));
}

/** All rules over one entry, also one that stands only in the cluster. */
export function checkEntry(entry: OverrideEntry, type: string, now: number): readonly OverrideFinding[] {
  if (entry.state === "waived") return [];
  const { state, certificate, chain, where } = entry;
  const path = [
    { at: ".certificate", certificate, depth: 0 },
    ...chain.map((item, index) => ({ at: `.chain[${index}]`, certificate: item, depth: index + 1 })),
  ];
  const subject: RuledEntry = { type, state, certificate, chain, path, now };
  const own: OverrideFinding[] = ENTRY_RULES.flatMap(({ code, remedy, find }) =>
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
