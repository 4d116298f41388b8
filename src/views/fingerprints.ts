import type { Fingerprint } from "../rotation/observation.ts";
import type { Plan } from "../rotation/plan.ts";

const SHORTEST = 8;

/**
 * Shortens fingerprints for people: the same length for all, long enough that no two of them look alike.
 * The full text stays in JSON.
 */
export function shortener(all: Iterable<Fingerprint>): (fingerprint: Fingerprint) => string {
  const hexes = [...new Set(all)].map(hexOf);
  let length = SHORTEST;
  while (length < 64 && new Set(hexes.map((hex) => hex.slice(0, length))).size < hexes.length) length += 4;
  return (fingerprint) => `${hexOf(fingerprint).slice(0, length)}…`;
}

/** The one for all keys that a plan names. */
export function planShortener({ clusters }: Pick<Plan, "clusters">): (fingerprint: Fingerprint) => string {
  return shortener(
    clusters.flatMap(({ rotations }) =>
      rotations.flatMap(({ keys }) => keys.map(({ fingerprint }) => fingerprint)),
    ),
  );
}

/** Enough of the hash of a key to tell the keys of a cluster apart; JSON has all of it. */
export function shortHash(keyHash: string): string {
  return `${keyHash.slice(0, 16)}…`;
}

function hexOf(fingerprint: Fingerprint): string {
  return fingerprint.slice("sha256:".length);
}
