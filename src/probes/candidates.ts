import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { KeysByRole } from "../rotation/key-sets.ts";
import type { AuthorityKey, Fingerprint, TrustAnswer } from "../rotation/observation.ts";
import { readOpensshKey } from "../x509/openssh-key.ts";
import { spkiOf } from "../x509/spki.ts";
import { ProbeEnd, type ProbeResult, type Trust } from "./result.ts";

/** A candidate, ready to be compared with what a consumer shows. */
export interface CandidateKey {
  readonly role: "old" | "new";
  readonly fingerprint: Fingerprint;
  readonly protocol: AuthorityKey["protocol"];
  readonly publicKey: KeyObject;
  /** DER of the public key: the identity that is compared. */
  readonly spki: Buffer;
  /** `null` for keys that come without one. */
  readonly certificate: X509Certificate | null;
  /**
   * What an external CA signed for the key, and the chain above it: who trusts one of its issuers accepts what the
   * key signs (reference teleport-overrides 5.2). Empty where the key is not overridden.
   */
  readonly override: readonly X509Certificate[];
}

/** PEM of the override certificate of a key, and of its chain towards the root; of overridden keys only. */
export type OverrideChains = ReadonlyMap<Fingerprint, readonly string[]>;

/** Throws on material that cannot be read: the caller took it from an observation that was read before. */
export function readCandidates(
  candidates: KeysByRole,
  overrides: OverrideChains = new Map(),
): readonly CandidateKey[] {
  return (["old", "new"] as const).flatMap((role) =>
    candidates[role].map((key) => ({
      role,
      protocol: key.protocol,
      override: (overrides.get(key.fingerprint) ?? []).map((pem) => new X509Certificate(pem)),
      ...readKey(key),
    })),
  );
}

function readKey({
  protocol,
  fingerprint,
  material,
}: AuthorityKey): Omit<CandidateKey, "role" | "protocol" | "override"> {
  const certificate = protocol === "tls" ? new X509Certificate(material) : null;
  const publicKey =
    certificate?.publicKey ??
    (protocol === "ssh" ? readOpensshKey(material).publicKey : createPublicKey(material));
  return { fingerprint, publicKey, certificate, spki: spkiOf(publicKey) };
}

/** The candidates that a probe can compare with; there is nothing to see where the CA has no such keys. */
export function needCandidates(
  candidates: readonly CandidateKey[],
  protocol: AuthorityKey["protocol"],
): readonly CandidateKey[] {
  const found = candidates.filter((candidate) => candidate.protocol === protocol);
  if (found.length === 0) {
    throw new ProbeEnd("unknown", `the CA has no ${protocol} keys that this consumer could use or trust`);
  }
  return found;
}

/** Which CA something comes from, given the candidates that vouch for it. */
export function usesFrom(from: readonly CandidateKey[]): ProbeResult["uses"] {
  const [old, fresh] = [hasRole(from, "old"), hasRole(from, "new")];
  if (old && fresh) return "both";
  if (old) return "old";
  return fresh ? "new" : "neither";
}

function hasRole(candidates: readonly CandidateKey[], role: CandidateKey["role"]): boolean {
  return candidates.some((candidate) => candidate.role === role);
}

/** Trust per role from an answer per candidate: one `no` outweighs all, and nothing is known of no keys. */
export function trustOf(
  candidates: readonly CandidateKey[],
  ask: (candidate: CandidateKey) => TrustAnswer,
): Trust {
  const ofRole = (role: CandidateKey["role"]): TrustAnswer => {
    const answers = candidates.filter((candidate) => candidate.role === role).map(ask);
    if (answers.includes("no")) return "no";
    return answers.length > 0 && answers.every((answer) => answer === "yes") ? "yes" : "unknown";
  };
  return { old: ofRole("old"), new: ofRole("new") };
}

/** For sentences: `the new CA`. */
export function caInWords(uses: ProbeResult["uses"]): string {
  const names: Partial<Record<ProbeResult["uses"], string>> = {
    old: "the old CA",
    new: "the new CA",
    both: "both the old and the new CA",
    neither: "neither the old nor the new CA",
  };
  return names[uses] ?? uses;
}
