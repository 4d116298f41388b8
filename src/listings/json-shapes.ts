import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  ESCAPED,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipPlainString,
  skipSpace,
  skipString,
  skipValue,
} from "./json-bytes.ts";

/**
 * Rows of a listing differ in a few values and are the same bytes otherwise, indentation and all. A shape is a row that was
 * read, with holes where others differed: a row that fits reads as that one did, whatever its layout, so its bytes are
 * compared, four at a time, and only what is in the holes is looked at. What fits no shape is read exactly, and teaches one.
 */
export interface Shapes {
  /** The place after the element at `at`, whose texts were told; `NO_FIT`, and nothing was told. */
  read(bytes: Buffer, at: number): number;
  /** An element was read exactly: `leaves` is where its fields were, `values` what they are. */
  learn(
    bytes: Buffer,
    from: number,
    to: number,
    leaves: readonly FieldPlace[],
    values: readonly unknown[],
  ): void;
}

/** Where the value of a field is in the bytes, quotes and all. */
export interface FieldPlace {
  readonly slot: number;
  readonly from: number;
  readonly to: number;
}

/** What a shape tells of a row that fits: first what all such rows share, then the texts of the holes. */
export interface ShapeReader {
  shared(values: readonly unknown[]): void;
  text(slot: number, bytes: Buffer, from: number, to: number): void;
}

/** "No shape fits; read it exactly." */
export const NO_FIT = -1;

/** Labels differ from one group of machines to the next; each has a shape. */
const MOST_SHAPES = 8;
/** A listing of which every row has another shape is not learnt for ever. */
const MOST_LESSONS = 1_000;
/** No field: nobody reads it. */
const UNREAD = -1;

const ZERO = 0x30;
const NINE = 0x39;

/** Stand for scalars in a skeleton; no byte of a row is one of them. */
const TEXT_HERE = "\u2423";
const DIGITS_HERE = "\u2116";

/** A plain text between quotes, or a run of digits. */
interface Scalar {
  readonly from: number;
  readonly to: number;
  readonly isText: boolean;
  readonly slot: number;
}

interface Shape {
  /** All of the row but for its scalars: those of one shape have the same. */
  readonly skeleton: string;
  readonly row: Buffer;
  readonly view: DataView;
  readonly scalars: readonly Scalar[];
  /** Of each scalar, whether rows differ in it. */
  readonly differs: boolean[];
  readonly values: readonly unknown[];
  /** The scalars that differ, each behind what is the same in all rows. */
  holes: readonly Hole[];
  /** What follows the last of them. */
  end: Stretch;
}

/** Bytes of the row that are the same in all rows. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface Hole {
  readonly before: Stretch;
  readonly isText: boolean;
  readonly slot: number;
}

/** Shapes of one listing, none at first. */
export function createShapes(reader: ShapeReader): Shapes {
  /** The last one that fitted comes first. */
  const shapes: Shape[] = [];
  let lessons = 0;
  /** The places of the texts in the row at hand, two numbers each. */
  const found: number[] = [];
  /** The bytes at hand, of which there are many rows. */
  let viewed: { readonly bytes: Buffer; readonly view: DataView } = viewedOf(Buffer.alloc(0));

  function read(bytes: Buffer, at: number): number {
    if (bytes !== viewed.bytes) viewed = viewedOf(bytes);
    for (let index = 0; index < shapes.length; index += 1) {
      const shape = shapes[index] as Shape;
      const after = placeAfter(shape, bytes, viewed.view, at);
      if (after === NO_FIT) continue;
      if (index > 0) {
        shapes.splice(index, 1);
        shapes.unshift(shape);
      }
      reader.shared(shape.values);
      for (let number = 0; number < shape.holes.length; number += 1) {
        const { slot } = shape.holes[number] as Hole;
        if (slot !== UNREAD)
          reader.text(slot, bytes, found[2 * number] as number, found[2 * number + 1] as number);
      }
      return after;
    }
    return NO_FIT;
  }

  function placeAfter({ view: row, holes, end }: Shape, bytes: Buffer, view: DataView, at: number): number {
    for (let number = 0; number < holes.length; number += 1) {
      const { before, isText } = holes[number] as Hole;
      at = passSame(row, before, view, at);
      if (at === NO_FIT) return NO_FIT;
      found[2 * number] = at;
      at = isText ? passText(bytes, at) : passDigits(bytes, at);
      if (at === NO_FIT) return NO_FIT;
      found[2 * number + 1] = at;
    }
    return passSame(row, end, view, at);
  }

  function learn(
    bytes: Buffer,
    from: number,
    to: number,
    leaves: readonly FieldPlace[],
    values: readonly unknown[],
  ): void {
    if (lessons === MOST_LESSONS) return;
    lessons += 1;
    const row = Buffer.from(bytes.subarray(from, to));
    const scalars = scalarsOf(row, lastOfEach(leaves, from));
    const skeleton = skeletonOf(row, scalars);
    const known = shapes.find((shape) => shape.skeleton === skeleton);
    if (known !== undefined) {
      widen(known, row, scalars);
      return;
    }
    if (shapes.length === MOST_SHAPES) shapes.pop();
    const end = { from: 0, to: row.length };
    shapes.unshift({
      ...{ skeleton, row, view: viewOf(row), scalars, values: [...values], holes: [], end },
      differs: scalars.map(() => false),
    });
  }

  return { read, learn };
}

/** Of a key that is there twice, the last one counts. */
function lastOfEach(leaves: readonly FieldPlace[], start: number): readonly FieldPlace[] {
  return leaves.map(({ slot, from, to }, index) => ({
    slot: leaves.findLastIndex((leaf) => leaf.slot === slot) === index ? slot : UNREAD,
    from: from - start,
    to: to - start,
  }));
}

/** Makes holes of the scalars in which the row differs from that of the shape. */
function widen(shape: Shape, row: Buffer, scalars: readonly Scalar[]): void {
  for (const [index, { from, to }] of shape.scalars.entries()) {
    const { from: otherFrom, to: otherTo } = scalars[index] as Scalar;
    if (shape.row.compare(row, otherFrom, otherTo, from, to) !== 0) shape.differs[index] = true;
  }
  let from = 0;
  const holes: Hole[] = [];
  for (const [index, scalar] of shape.scalars.entries()) {
    if (shape.differs[index] !== true) continue;
    holes.push({ before: { from, to: scalar.from }, isText: scalar.isText, slot: scalar.slot });
    from = scalar.to;
  }
  shape.holes = holes;
  shape.end = { from, to: shape.row.length };
}

function skeletonOf(row: Buffer, scalars: readonly Scalar[]): string {
  let at = 0;
  let skeleton = "";
  for (const { from, to, isText } of scalars) {
    skeleton += row.toString("latin1", at, from) + (isText ? TEXT_HERE : DIGITS_HERE);
    at = to;
  }
  return skeleton + row.toString("latin1", at);
}

/**
 * The scalars of an element that was read: values that can be others without any other byte meaning something else. Keys are
 * none, nor what is written with escapes, nor what is decoded as a whole.
 */
function scalarsOf(row: Buffer, leaves: readonly FieldPlace[]): readonly Scalar[] {
  const scalars: Scalar[] = [];
  const add = (from: number, to: number, isText: boolean) => {
    const quotes = isText ? 1 : 0;
    const leaf = leaves.find((one) => from >= one.from && to <= one.to);
    if (leaf === undefined) scalars.push({ from, to, isText, slot: UNREAD });
    else if (isText && leaf.from === from - quotes && leaf.to === to + quotes) {
      scalars.push({ from, to, isText, slot: leaf.slot });
    }
  };
  let at = 0;
  while (at < row.length) {
    const byte = row[at] as number;
    if (byte === QUOTE) {
      const plain = skipPlainString(row, at);
      const after = plain === ESCAPED ? skipString(row, at) : plain;
      const isKey = row[skipSpace(row, after)] === COLON;
      if (plain !== ESCAPED && !isKey) add(at + 1, after - 1, true);
      at = after;
    } else if (isBetweenValues(byte)) {
      at += 1;
    } else {
      const after = skipValue(row, at);
      if (passDigits(row, at) === after) add(at, after, false);
      at = after;
    }
  }
  return scalars;
}

function isBetweenValues(byte: number): boolean {
  switch (byte) {
    case COMMA:
    case COLON:
    case OPEN_ARRAY:
    case CLOSE_ARRAY:
    case OPEN_OBJECT:
    case CLOSE_OBJECT:
      return true;
    default:
      return byte <= 0x20;
  }
}

function viewedOf(bytes: Buffer) {
  return { bytes, view: viewOf(bytes) };
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** The place after bytes that are those of the stretch. */
function passSame(row: DataView, { from, to }: Stretch, view: DataView, at: number): number {
  const size = to - from;
  if (at + size > view.byteLength) return NO_FIT;
  let offset = 0;
  for (; offset + 4 <= size; offset += 4) {
    if (view.getInt32(at + offset, true) !== row.getInt32(from + offset, true)) return NO_FIT;
  }
  for (; offset < size; offset += 1) {
    if (view.getUint8(at + offset) !== row.getUint8(from + offset)) return NO_FIT;
  }
  return at + size;
}

/** `at` is behind the opening quote; gives the place of the closing one. */
function passText(bytes: Buffer, at: number): number {
  const after = skipPlainString(bytes, at - 1);
  return after < 0 ? NO_FIT : after - 1;
}

/** The place of the first byte that is no digit; there is at least one that is. */
function passDigits(bytes: Buffer, at: number): number {
  const { length } = bytes;
  const first = at;
  while (at < length && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at += 1;
  return at === first || at === length ? NO_FIT : at;
}
