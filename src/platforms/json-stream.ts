/**
 * Reads the elements of a JSON listing while it is still being printed, byte by byte, so that memory does not
 * grow with the listing (design, section 9).
 *
 * A listing is whatever `tctl get` ever printed (reference teleport-rotation 4.1): an array, a bare object, an
 * empty array, `null`, objects one after the other; with or without a final newline, indented or not; one of these,
 * and nothing after it. JSON never holds its structural bytes inside a UTF-8 sequence, so that bytes can be looked at
 * without decoding them.
 *
 * Structure is followed here, values are decoded by `JSON.parse`: of the whole element, or, with a list of
 * `fields`, only of those. Skipping is what makes a listing of 100,000 nodes cheap: of 1,200 bytes a row 200
 * are used.
 */
export interface ListingReader {
  /** Takes the next bytes. Throws a SyntaxError when they cannot belong to a listing, `BeyondBounds` when it is too large. */
  push(chunk: Uint8Array): void;
  /** No more bytes will come. Throws a SyntaxError when the listing is not complete. */
  end(): void;
}

/** Reads whole elements. */
export function readElements(onElement: (element: unknown) => void): ListingReader {
  return createReader(null, ([element]) => onElement(element));
}

/**
 * Reads the named fields of every element, in the order of `fields`; `undefined` where an element has none.
 * A field is a path of keys, `spec.rotation.phase`; no field may lie within another. The array is used again
 * for the next element.
 */
export function readFields(
  fields: readonly string[],
  onElement: (values: readonly unknown[]) => void,
): ListingReader {
  return createReader(fields, onElement);
}

/** The elements of what was printed whole, within the same bounds; throws a SyntaxError like a reader. */
export function elementsOf(printed: string): readonly unknown[] {
  const elements: unknown[] = [];
  const reader = readElements((element) => elements.push(element));
  reader.push(Buffer.from(printed));
  reader.end();
  return elements;
}

/** The one object that was printed. */
export function objectOf(printed: string): unknown {
  const [object, ...others] = elementsOf(printed);
  if (object === undefined || others.length > 0) throw new SyntaxError("there is not exactly one object");
  return object;
}

/** More than any listing holds: whoever prints it need not be heard to the end, as there may be none. */
export class BeyondBounds extends SyntaxError {}

const FIRST_BUFFER_BYTES = 256 * 1024;
/** Far above any element seen, far below what would hurt. */
const MAX_ELEMENT_BYTES = 64 * 1024 * 1024;
/** Five times the largest cluster that capstan was made for; whatever prints more does not list a cluster. */
const MAX_ELEMENTS = 500_000;
/** Resources of Teleport nest a dozen levels deep; what is decoded is walked through by functions that call themselves. */
const MAX_DEPTH = 100;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SMALL_N = 0x6e;
const NULL = Buffer.from("null");

/** The bytes that matter outside of strings. */
const STRUCTURAL = new Uint8Array(256);
for (const byte of [QUOTE, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) STRUCTURAL[byte] = 1;

/** "The value goes on after these bytes." */
const INCOMPLETE = -1;
/** "The value is nested deeper than anything that is read." */
const TOO_DEEP = -3;
/** "This is not a string of plain bytes." */
const ESCAPED = -2;

/** A wanted key: a leaf that fills a slot, or an object on the way to leaves. */
interface WantedKey {
  readonly key: string;
  readonly slot: number;
  readonly inner: readonly WantedKey[] | null;
}

type ReaderState = "outside" | "array-start" | "after-element" | "before-element" | "after-listing";

function createReader(
  fields: readonly string[] | null,
  onElement: (values: readonly unknown[]) => void,
): ListingReader {
  const wanted = fields === null ? null : compile(fields.map((field) => field.split(".")));
  const values: unknown[] = new Array(fields?.length ?? 1).fill(undefined);
  /** The last text of each slot: rows repeat phases, versions and ids, which then share one string. */
  const lastText: string[] = values.map(() => "");

  let place: ReaderState = "outside";
  let elements = 0;
  /** Whether anything at all stood there; an empty output is not an empty listing. */
  let seen = false;
  /** Bytes before those in the buffer, for messages. */
  let offset = 0;
  /** The bytes that are not read yet: one unfinished element at most, and the newest chunk. */
  let buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
  let filled = 0;
  /** Reading an unfinished element again is put off until its bytes have doubled: linear, however large it is. */
  let retryAt = 0;

  function push(chunk: Uint8Array): void {
    if (filled + chunk.length > buffer.length) {
      const larger = Buffer.allocUnsafe(2 * (filled + chunk.length));
      buffer.copy(larger, 0, 0, filled);
      buffer = larger;
    }
    buffer.set(chunk, filled);
    filled += chunk.length;
    if (filled >= retryAt) readOn();
  }

  function readOn(): void {
    const read = readAll(buffer.subarray(0, filled));
    buffer.copyWithin(0, read, filled);
    offset += read;
    filled -= read;
    retryAt = 2 * filled;
    if (filled > MAX_ELEMENT_BYTES) refuse(`element ${elements + 1} is larger than 64 MiB`);
  }

  function end(): void {
    readOn();
    if (filled > 0 || (place !== "outside" && place !== "after-listing"))
      fail(`it ends in the middle, after ${elements} complete elements`, filled);
    if (!seen) fail("it is empty", 0);
  }

  /** Reads as much as is complete and gives how much that is. */
  function readAll(bytes: Buffer): number {
    const { length } = bytes;
    let at = 0;
    for (;;) {
      at = skipSpace(bytes, at);
      if (at >= length) return at;
      const byte = bytes[at];
      if (
        byte === OPEN_OBJECT &&
        (place === "outside" || place === "array-start" || place === "before-element")
      ) {
        const after = readElement(bytes, at);
        if (after === INCOMPLETE) return at;
        at = after;
        elements += 1;
        if (elements > MAX_ELEMENTS) refuse(`it has more than ${MAX_ELEMENTS} elements`);
        if (place !== "outside") place = "after-element";
      } else if (byte === COMMA && place === "after-element") {
        at += 1;
        place = "before-element";
      } else if (byte === CLOSE_ARRAY && (place === "after-element" || place === "array-start")) {
        at += 1;
        place = "after-listing";
      } else if (byte === OPEN_ARRAY && place === "outside" && elements === 0) {
        at += 1;
        place = "array-start";
      } else if (
        byte === SMALL_N &&
        place === "outside" &&
        elements === 0 &&
        !bytes.subarray(at, at + 4).compare(NULL, 0, Math.min(4, length - at))
      ) {
        if (length - at < 4) return at;
        at += 4;
        place = "after-listing";
      } else {
        fail(
          place === "after-listing"
            ? "there is something after the listing"
            : "there is something else than a listing of objects",
          at,
        );
      }
      seen = true;
    }
  }

  function readElement(bytes: Buffer, at: number): number {
    if (wanted === null) {
      const after = pass(bytes, at);
      if (after !== INCOMPLETE) {
        values[0] = decode(bytes, at, after);
        onElement(values);
      }
      return after;
    }
    values.fill(undefined);
    const after = readObject(bytes, at, wanted);
    if (after !== INCOMPLETE) onElement(values);
    return after;
  }

  /** `at` is on the opening brace; gives the place after the closing one. */
  function readObject(bytes: Buffer, at: number, keys: readonly WantedKey[]): number {
    const { length } = bytes;
    at = skipSpace(bytes, at + 1);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      if (at >= length) return INCOMPLETE;
      if (bytes[at] !== QUOTE) fail("a key was expected", at);
      const keyEnd = skipString(bytes, at);
      if (keyEnd === INCOMPLETE) return INCOMPLETE;
      const match = find(bytes, at + 1, keyEnd - 1, keys);
      at = skipSpace(bytes, keyEnd);
      if (at >= length) return INCOMPLETE;
      if (bytes[at] !== COLON) fail("a colon was expected", at);
      at = skipSpace(bytes, at + 1);
      if (at >= length) return INCOMPLETE;
      if (match === undefined) at = pass(bytes, at);
      else if (match.inner === null) at = readLeaf(bytes, at, match.slot);
      else at = bytes[at] === OPEN_OBJECT ? readObject(bytes, at, match.inner) : pass(bytes, at);
      if (at === INCOMPLETE) return INCOMPLETE;
      at = skipSpace(bytes, at);
      if (at >= length) return INCOMPLETE;
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) fail("a comma was expected", at);
      at = skipSpace(bytes, at + 1);
    }
  }

  function readLeaf(bytes: Buffer, at: number, slot: number): number {
    let after = bytes[at] === QUOTE ? skipPlainString(bytes, at) : ESCAPED;
    if (after === INCOMPLETE) return INCOMPLETE;
    if (after === ESCAPED) {
      after = pass(bytes, at);
      if (after !== INCOMPLETE) values[slot] = decode(bytes, at, after);
    } else if (equals(bytes, at + 1, after - 1, lastText[slot] ?? "")) {
      values[slot] = lastText[slot];
    } else {
      const text = bytes.toString("utf8", at + 1, after - 1);
      values[slot] = text;
      lastText[slot] = text;
    }
    return after;
  }

  function pass(bytes: Buffer, at: number): number {
    const after = skipValue(bytes, at);
    return after === TOO_DEEP
      ? refuse(`element ${elements + 1} is nested deeper than ${MAX_DEPTH} levels`)
      : after;
  }

  function decode(bytes: Buffer, from: number, to: number): unknown {
    try {
      return JSON.parse(bytes.toString("utf8", from, to));
    } catch {
      return fail(`element ${elements + 1} is not valid JSON`, from);
    }
  }

  function fail(what: string, at: number): never {
    throw new SyntaxError(`${what} (byte ${offset + at})`);
  }

  function refuse(what: string): never {
    throw new BeyondBounds(`${what} (byte ${offset})`);
  }

  return { push, end };
}

function compile(
  paths: readonly (readonly string[])[],
  slots = paths.map((_, slot) => slot),
): readonly WantedKey[] {
  return [...new Set(paths.map((path) => path[0]))].map((key) => {
    const members = slots.filter((_, index) => paths[index]?.[0] === key);
    const tails = paths.filter((path) => path[0] === key).map((path) => path.slice(1));
    const isLeaf = tails.some((tail) => tail.length === 0);
    return {
      key: key ?? "",
      slot: members[0] ?? 0,
      inner: isLeaf ? null : compile(tails, members),
    };
  });
}

/** The wanted key that stands between the quotes. */
function find(bytes: Buffer, from: number, to: number, keys: readonly WantedKey[]): WantedKey | undefined {
  for (const wanted of keys) {
    if (equals(bytes, from, to, wanted.key)) return wanted;
  }
  return undefined;
}

/** Whether the bytes are this text. Only ever true for ASCII: other texts have fewer characters than bytes. */
function equals(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  const { length } = text;
  if (to - from !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[from + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function skipSpace(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  while (at < length) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at += 1;
  }
  return at;
}

/** `at` is on the opening quote. */
function skipString(bytes: Uint8Array, at: number): number {
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
function skipPlainString(bytes: Uint8Array, at: number): number {
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

function skipValue(bytes: Uint8Array, at: number): number {
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
