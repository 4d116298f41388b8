import type { Fingerprint } from "../rotation/observation.ts";

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

function hexOf(fingerprint: Fingerprint): string {
  return fingerprint.slice("sha256:".length);
}
