import {
  CLOSE_ARRAY,
  COMMA,
  INCOMPLETE,
  MAX_DEPTH,
  OPEN_ARRAY,
  OPEN_OBJECT,
  skipSpace,
} from "./json-bytes.ts";
import { elementReader } from "./json-element.ts";

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

/** Far above any element seen, far below what would hurt. */
const MAX_ELEMENT_BYTES = 64 * 1024 * 1024;
/** Twice the largest cluster that capstan was made for; whatever prints more does not list a cluster. */
const MAX_ELEMENTS = 2_000_000;

const SMALL_N = 0x6e;
const NULL = Buffer.from("null");

type ReaderState = "outside" | "array-start" | "after-element" | "before-element" | "after-listing";

function createReader(
  fields: readonly string[] | null,
  onElement: (values: readonly unknown[]) => void,
): ListingReader {
  const readElement = elementReader(fields, onElement, {
    fail,
    invalid: (at) => fail(`element ${elements + 1} is not valid JSON`, at),
    tooDeep: () => refuse(`element ${elements + 1} is nested deeper than ${MAX_DEPTH} levels`),
  });
  let place: ReaderState = "outside";
  let elements = 0;
  /** Whether anything at all stood there; an empty output is not an empty listing. */
  let seen = false;
  /** Bytes before those in the buffer, for messages. */
  let offset = 0;
  /** The bytes that are not read yet: one unfinished element at most, and the newest chunk. */
  let buffer = Buffer.alloc(0);
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

  function fail(what: string, at: number): never {
    throw new SyntaxError(`${what} (byte ${offset + at})`);
  }

  function refuse(what: string): never {
    throw new BeyondBounds(`${what} (byte ${offset})`);
  }

  return { push, end };
}
