/** JSON as bytes: what is skipped without being decoded. Free of state, as every byte of a listing goes through here. */

/** The byte `"`. */
export const QUOTE = 0x22;
/** The byte `,`. */
export const COMMA = 0x2c;
/** The byte `:`. */
export const COLON = 0x3a;
/** The byte `[`. */
export const OPEN_ARRAY = 0x5b;
/** The byte `]`. */
export const CLOSE_ARRAY = 0x5d;
/** The byte `{`. */
export const OPEN_OBJECT = 0x7b;
/** The byte `}`. */
export const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;

/** Resources of Teleport nest a dozen levels deep; what is decoded is walked through by functions that call themselves. */
export const MAX_DEPTH = 100;

/** "The value goes on after these bytes." */
export const INCOMPLETE = -1;
/** "This is not a string of plain bytes." */
export const ESCAPED = -2;
/** "The value is nested deeper than anything that is read." */
export const TOO_DEEP = -3;

/** The bytes that matter outside of strings. */
const STRUCTURAL = new Uint8Array(256);
for (const byte of [QUOTE, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) STRUCTURAL[byte] = 1;

/** Whether the bytes are this text. Only ever true for ASCII: other texts have fewer characters than bytes. */
export function equals(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  const { length } = text;
  if (to - from !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[from + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The place of the next byte that is no space, or the length. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  while (at < length) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at += 1;
  }
  return at;
}

/** `at` is on the opening quote; gives the place after the closing one, or `INCOMPLETE`. */
export function skipString(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  at += 1;
  while (at < length) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return INCOMPLETE;
}

/** The same for a string whose bytes are its text; `ESCAPED` when there is more to it. */
export function skipPlainString(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  at += 1;
  while (at < length) {
    const byte = bytes[at];
    at += 1;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) return ESCAPED;
  }
  return INCOMPLETE;
}

/** `at` is on the first byte of a value; gives the place after it, `INCOMPLETE` or `TOO_DEEP`. */
export function skipValue(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return skipScalar(bytes, at);
  let depth = 0;
  while (at < length) {
    const byte = bytes[at] as number;
    if (STRUCTURAL[byte] === 0) {
      at += 1;
    } else if (byte === QUOTE) {
      at = skipString(bytes, at);
      if (at === INCOMPLETE) return INCOMPLETE;
    } else {
      at += 1;
      depth += byte === OPEN_OBJECT || byte === OPEN_ARRAY ? 1 : -1;
      if (depth === 0) return at;
      if (depth > MAX_DEPTH) return TOO_DEEP;
    }
  }
  return INCOMPLETE;
}

/** A number or a word; it ends where something else begins. */
function skipScalar(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  while (at < length) {
    const byte = bytes[at] as number;
    if (byte === COMMA || byte <= 0x20 || STRUCTURAL[byte] === 1 || byte === COLON) return at;
    at += 1;
  }
  return INCOMPLETE;
}
