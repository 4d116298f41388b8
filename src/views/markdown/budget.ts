/**
 * A document that may have to lose parts to fit: GitHub refuses a comment over 65,536 characters whole. What goes
 * first is decided by importance alone, never by where the text happens to stand.
 */
export type Part = Leaf | Group;

/** A text that stays or goes whole. */
export interface Leaf {
  readonly text: string;
  /** `null`: must stay. Else the smallest goes first; of equals, the last. */
  readonly importance: number | null;
  /** What is missing when it goes, in the plural: `certificates`; empty for what goes with something else. */
  readonly what: string;
}

/** Shown only while something is in it. */
export interface Group {
  readonly open: string;
  readonly parts: readonly Part[];
  readonly close: string;
}

/** What is left of a document, and what had to go. */
export interface Fitted {
  readonly text: string;
  /** What had to go, and how many of it, in the order in which it went. */
  readonly left: ReadonlyMap<string, number>;
  /** Nothing had to go. */
  readonly whole: boolean;
}

/** A part that is never left out. */
export function essential(text: string): Leaf {
  return { text, importance: null, what: "" };
}

/** Leaves out as little as possible. What must stay stays, even where it does not fit. */
export function withinLimit(parts: readonly Part[], limit: number): Fitted {
  const placed = parts.flatMap((part) => placesOf(part, null));
  let length = placed.reduce((sum, { leaf }) => sum + leaf.text.length, wrappingOf(parts));
  const gone = new Set<Leaf>();
  const left = new Map<string, number>();
  for (const { leaf, room } of inOrderOfLeaving(placed)) {
    if (length <= limit) break;
    gone.add(leaf);
    length -= leaf.text.length + emptied(room);
    if (leaf.what !== "") left.set(leaf.what, (left.get(leaf.what) ?? 0) + 1);
  }
  return { text: parts.map((part) => textOf(part, gone)).join(""), left, whole: gone.size === 0 };
}

/** A group with the number of its leaves that still stand. */
interface Room {
  readonly wrapping: number;
  readonly within: Room | null;
  standing: number;
}

interface LeafInRoom {
  readonly leaf: Leaf;
  readonly room: Room | null;
}

function placesOf(part: Part, within: Room | null): readonly LeafInRoom[] {
  if (!("parts" in part)) {
    for (let room = within; room !== null; room = room.within) room.standing += 1;
    return [{ leaf: part, room: within }];
  }
  const room = { wrapping: part.open.length + part.close.length, within, standing: 0 };
  return part.parts.flatMap((inner) => placesOf(inner, room));
}

/** What vanishes with the last leaf of a group: the group. */
function emptied(room: Room | null): number {
  if (room === null) return 0;
  room.standing -= 1;
  return (room.standing === 0 ? room.wrapping : 0) + emptied(room.within);
}

function wrappingOf(parts: readonly Part[]): number {
  return parts.reduce(
    (sum, part) =>
      "parts" in part ? sum + part.open.length + part.close.length + wrappingOf(part.parts) : sum,
    0,
  );
}

function inOrderOfLeaving(placed: readonly LeafInRoom[]): readonly LeafInRoom[] {
  const optional = placed.filter(({ leaf }) => leaf.importance !== null).reverse();
  return optional.toSorted((one, other) => (one.leaf.importance ?? 0) - (other.leaf.importance ?? 0));
}

function textOf(part: Part, gone: ReadonlySet<Leaf>): string {
  if (!("parts" in part)) return gone.has(part) ? "" : part.text;
  const inside = part.parts.map((inner) => textOf(inner, gone)).join("");
  return inside === "" ? "" : `${part.open}${inside}${part.close}`;
}
