import { distance } from "fastest-levenshtein";

/** `db-client`, `dbClient`, `DB_CLIENT`: one word, spelled by different habits. */
function normal(word: string): string {
  return word
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/[-\s]/g, "_")
    .toLowerCase();
}

/** The candidate that was probably meant; `null` when none is near enough to be worth a question. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  // No candidate is this long, and a hostile word may be a megabyte.
  if (word.length > 300) return null;
  const wanted = normal(word);
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const limit = Math.ceil(candidate.length * 0.4);
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const found = distance(wanted, normal(candidate));
    if (found <= limit && found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** The question for `nearest`, else the whole choice. */
export function suggestOneOf(word: string, candidates: readonly string[], what: string): string {
  const near = nearest(word, candidates);
  return near === null ? `${what}: ${candidates.join(", ")}` : `did you mean "${near}"?`;
}
