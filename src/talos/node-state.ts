import type { Fingerprint } from "../rotation/observation.ts";
import type { CaCertificate } from "../x509/ca-certificate.ts";
import type { ConfiguredAuthority } from "./machine-config.ts";

/**
 * How far one machine has gone with one CA (reference talos-rotation 2.1), told by what its configuration says of
 * the CA that signs and of those accepted beside it:
 *
 *     S0: O           S1: O, accepts N           S2: N, accepts O           S3: N           SX: something else
 */
export type NodeState = "S0" | "S1" | "S2" | "S3" | "SX";

/** The two CAs of a rotation by their public keys; no `next` where nobody knows of a rotation. */
export interface RotationKeys {
  readonly old: Fingerprint;
  readonly next: Fingerprint | null;
}

/** In which of the states of a rotation a machine's CA is; `SX`: it signs with a CA that is neither. */
export function nodeState(authority: ConfiguredAuthority, { old, next }: RotationKeys): NodeState {
  const accepts = (key: Fingerprint | null) =>
    authority.accepted.some(({ fingerprint }) => fingerprint === key);
  switch (signerOf(authority, { old, next })) {
    case old:
      return next !== null && accepts(next) ? "S1" : "S0";
    case next:
      return accepts(old) ? "S2" : "S3";
    default:
      return "SX";
  }
}

/**
 * The CA that signs. A worker whose CA has a document of its own names none, and shows it by the order in which it accepts
 * (reference 2.1); in fields every machine names it, and one that does not says nothing.
 */
function signerOf(
  { layout, issuing, accepted }: ConfiguredAuthority,
  keys: RotationKeys,
): Fingerprint | null {
  if (issuing !== null) return issuing.fingerprint;
  if (layout === "fields") return null;
  const ours = accepted.find(({ fingerprint }) => fingerprint === keys.old || fingerprint === keys.next);
  return ours?.fingerprint ?? accepted[0]?.fingerprint ?? null;
}

/** Accepted CAs that no rotation knows: somebody else's, kept as they are. */
export function foreignTo(authority: ConfiguredAuthority, keys: RotationKeys): readonly CaCertificate[] {
  const known = [keys.old, keys.next, signerOf(authority, keys)];
  return authority.accepted.filter(({ fingerprint }) => !known.includes(fingerprint));
}

/** A CA that is listed twice, or accepted although it signs: drift, put in order by the next change. */
export function hasDuplicates({ issuing, accepted }: ConfiguredAuthority): boolean {
  const all = [...(issuing === null ? [] : [issuing]), ...accepted].map(({ fingerprint }) => fingerprint);
  return new Set(all).size < all.length;
}

/** What a machine's configuration should say of a CA, certificates only. */
export interface AuthorityContent {
  /** `null` where the configuration names none, which stays so. */
  readonly issuing: CaCertificate | null;
  readonly accepted: readonly CaCertificate[];
}

/** A state that is on the way from the old CA to the new: all but `SX`, which no walk leads to. */
export type Level = Exclude<NodeState, "SX">;

/**
 * The content of a state, computed from what is there and never appended to it, so that taking it twice changes
 * nothing (reference 2.6). Foreign CAs stay, in their order.
 */
export function contentOf(
  state: Level,
  current: ConfiguredAuthority,
  pair: { readonly old: CaCertificate; readonly next: CaCertificate },
): AuthorityContent {
  const { signs, beside } = MEMBERS[state];
  const keys = { old: pair.old.fingerprint, next: pair.next.fingerprint };
  const others = unique(foreignTo(current, keys)).filter(
    ({ fingerprint }) => fingerprint !== keys.old && fingerprint !== keys.next,
  );
  const ours = beside === null ? [] : [pair[beside]];
  if (current.issuing !== null) return { issuing: pair[signs], accepted: [...others, ...ours] };
  return { issuing: null, accepted: [pair[signs], ...ours, ...others] };
}

const MEMBERS: Readonly<
  Record<Level, { readonly signs: "old" | "next"; readonly beside: "old" | "next" | null }>
> = {
  S0: { signs: "old", beside: null },
  S1: { signs: "old", beside: "next" },
  S2: { signs: "next", beside: "old" },
  S3: { signs: "next", beside: null },
};

function unique(certificates: readonly CaCertificate[]): readonly CaCertificate[] {
  const seen = new Set<string>();
  return certificates.filter(({ fingerprint }) => !seen.has(fingerprint) && seen.add(fingerprint));
}

/** Whether a configuration says exactly this already: then nothing is sent. */
export function says(current: ConfiguredAuthority, content: AuthorityContent): boolean {
  const pems = (list: readonly CaCertificate[]) => list.map(({ pem }) => pem);
  return (
    current.issuing?.pem === content.issuing?.pem &&
    pems(current.accepted).join("") === pems(content.accepted).join("")
  );
}
