import {
  CLOSE_OBJECT,
  COLON,
  COMMA,
  ESCAPED,
  equals,
  INCOMPLETE,
  OPEN_OBJECT,
  QUOTE,
  skipPlainString,
  skipSpace,
  skipString,
  skipValue,
  TOO_DEEP,
} from "./json-bytes.ts";
import { createShapes, type FieldPlace, NO_FIT } from "./json-shapes.ts";

/** A wanted key: a leaf that fills a slot, or an object on the way to leaves. */
interface WantedKey {
  readonly key: string;
  readonly slot: number;
  readonly inner: readonly WantedKey[] | null;
}

/** What ends a listing in the middle of an element, each by what it throws. */
export interface ElementProblems {
  /** Bytes that cannot stand there. */
  fail(what: string, at: number): never;
  /** The element is none that can be decoded. */
  invalid(at: number): never;
  tooDeep(): never;
}

/**
 * Reads one element, whose first byte is at `at`: the place after it, or `INCOMPLETE`. Of all of it, or, with `fields`,
 * of those alone; `onElement` gets one array over and over.
 */
export function elementReader(
  fields: readonly string[] | null,
  onElement: (values: readonly unknown[]) => void,
  { fail, invalid, tooDeep }: ElementProblems,
): (bytes: Buffer, at: number) => number {
  const wanted = fields === null ? null : compile(fields.map((field) => field.split(".")));
  const values: unknown[] = new Array(fields?.length ?? 1).fill(undefined);
  /** The last text of each slot: rows repeat phases, versions and ids, which then share one string. */
  const lastText: string[] = values.map(() => "");
  /** Where the fields of the element at hand are. */
  const leaves: FieldPlace[] = [];
  const shapes = createShapes({
    shared: (those) => {
      for (let slot = 0; slot < values.length; slot += 1) values[slot] = those[slot];
    },
    text: takeText,
  });

  function readElement(bytes: Buffer, at: number): number {
    if (wanted === null) {
      const after = pass(bytes, at);
      if (after !== INCOMPLETE) {
        values[0] = decode(bytes, at, after);
        onElement(values);
      }
      return after;
    }
    const known = shapes.read(bytes, at);
    if (known !== NO_FIT) {
      onElement(values);
      return known;
    }
    values.fill(undefined);
    leaves.length = 0;
    const after = readObject(bytes, at, wanted);
    if (after === INCOMPLETE) return INCOMPLETE;
    shapes.learn(bytes, at, after, leaves, values);
    onElement(values);
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
    } else {
      takeText(slot, bytes, at + 1, after - 1);
    }
    leaves.push({ slot, from: at, to: after });
    return after;
  }

  function takeText(slot: number, bytes: Buffer, from: number, to: number): void {
    if (equals(bytes, from, to, lastText[slot] ?? "")) {
      values[slot] = lastText[slot];
    } else {
      const text = bytes.toString("utf8", from, to);
      values[slot] = text;
      lastText[slot] = text;
    }
  }

  function pass(bytes: Buffer, at: number): number {
    const after = skipValue(bytes, at);
    return after === TOO_DEEP ? tooDeep() : after;
  }

  function decode(bytes: Buffer, from: number, to: number): unknown {
    try {
      return JSON.parse(bytes.toString("utf8", from, to));
    } catch {
      return invalid(from);
    }
  }

  return readElement;
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
