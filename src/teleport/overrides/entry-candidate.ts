import type { LiveAuthority } from "../../rotation/observation.ts";
import { type Certificate, orderChain } from "../../x509/certificate.ts";
import { authorityKey } from "./ca-keys.ts";
import { type CaOverride, OVERRIDE_KIND, OVERRIDE_VERSION, type OverrideEntry } from "./ca-override.ts";
import { checkAgainstLive } from "./cluster-rules.ts";
import { checkEntry } from "./entry-rules.ts";
import type { OverrideFinding } from "./override-finding.ts";
import { readOverride } from "./read-resource.ts";

/** A signed certificate on its way into the repository: the entry that it makes, and what is wrong with it. */
export interface EntryCandidate {
  readonly entry: OverrideEntry & { readonly certificate: Certificate };
  readonly findings: readonly OverrideFinding[];
}

/** PEM texts as an external CA gives them, bundles included, sorted into certificate and chain by the key. */
export interface SignedCertificate {
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
  /** Certificates that are no part of the chain. */
  readonly leftOver: readonly Certificate[];
}

/** `null`: none of them is for a key that `isWanted`. */
export async function sortSigned(
  texts: readonly string[],
  isWanted: (keyHash: string) => boolean,
): Promise<SignedCertificate | null> {
  const decoding = await import("../../x509/decode.ts");
  const certificates = texts
    .flatMap((text) => decoding.pemBlocks(text))
    .flatMap(({ type, der }) => {
      const read = type === "CERTIFICATE" ? decoding.readCertificate(der).certificate : null;
      return read === null ? [] : [read];
    });
  const certificate = certificates.find(({ keyHash }) => isWanted(keyHash));
  if (certificate === undefined) return null;
  return { certificate, ...orderChain(certificate, certificates) };
}

/**
 * Everything that `validate` and `plan` would say about an entry, before it is written. The entry stands beside all
 * others that git has, so that only what is about itself counts.
 */
export async function judgeCandidate(
  { certificate, chain }: SignedCertificate,
  context: {
    readonly authority: LiveAuthority;
    readonly live: CaOverride;
    readonly now: number;
  },
): Promise<EntryCandidate> {
  const { authority, live, now } = context;
  const written = { certificate: certificate.pem, chain: chain.map(({ pem }) => pem), disabled: true };
  const read = await readOverride({
    kind: OVERRIDE_KIND,
    sub_kind: authority.type,
    version: OVERRIDE_VERSION,
    metadata: { name: authority.cluster },
    spec: { certificate_overrides: [written] },
  });
  const entry: OverrideEntry & { readonly certificate: Certificate } = {
    keyHash: certificate.keyHash,
    where: "the certificate",
    state: "staged",
    certificate,
    chain,
  };
  const desired = { ...read, entries: new Map([...live.entries, [entry.keyHash, entry]]), findings: [] };
  const known = authorityKey(authority, entry.keyHash) !== undefined;
  const against = checkAgainstLive({
    authority,
    live,
    desired,
    goal: null,
    now,
    rotationEndsAt: null,
    retired: [],
  }).filter(
    // It is staged for now: whether that disables a live entry is for the plan to say, once it is in git.
    ({ where, code }) =>
      where.startsWith(entry.where) && code !== "live-disable" && code !== "hsm-incomplete",
  );
  const structure = read.findings.map((finding) => ({
    ...finding,
    where: finding.where.replace("spec.certificate_overrides[0]", entry.where),
  }));
  const findings = [...structure, ...checkEntry(entry, authority.type, now), ...(known ? against : [])];
  return { entry, findings };
}
