import type { KeyHash } from "../../x509/spki.ts";

const FORM = /^[0-9A-Fa-f]{64}$/;

/** The one spelling that is compared; `null` for what the server refuses as `invalid public key`. */
export function normaliseKeyHash(text: string): KeyHash | null {
  return FORM.test(text) ? text.toLowerCase() : null;
}

/** What the writer meant: the hash in spellings that other tools print (`sha256:…`, `AB:CD:…`, blanks). */
export function guessKeyHash(text: string): KeyHash | null {
  return normaliseKeyHash(text.replace(/^\s*sha-?256[:/]/i, "").replaceAll(/[\s:]/g, ""));
}

const SHORTEST = 8;

/** The names of several keys in one message or one folder: as short as all of them alike stay distinct. */
export function shortKeyHashes(hashes: Iterable<KeyHash>): ReadonlyMap<KeyHash, string> {
  const distinct = [...new Set(hashes)];
  let length = SHORTEST;
  while (length < 64 && new Set(distinct.map((hash) => hash.slice(0, length))).size < distinct.length) {
    length += 1;
  }
  return new Map(distinct.map((hash) => [hash, hash.slice(0, length)]));
}
