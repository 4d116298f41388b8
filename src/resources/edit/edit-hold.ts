import { isMap, isScalar, type YAMLMap } from "yaml";
import { editResource, lastOffsetOf, lineEndOf, rangeOf, type Splice, type Wanted } from "./edit-text.ts";

/** A hold as it stands in YAML. */
export interface WrittenHold {
  readonly reason: string;
  readonly until?: string;
}

/**
 * Sets `spec.hold` of a cluster or a rotation; every other byte of the file stays. Throws a `Failure` where none of the
 * ways to write it fits.
 */
export function setHold(text: string, wanted: Wanted, hold: WrittenHold): string {
  return editResource(text, wanted, ["spec"], (current, node) => ({
    value: { ...(current as object), hold },
    splice: isMap(node) ? spliceFor(node, text, hold) : null,
  }));
}

function spliceFor(spec: YAMLMap, text: string, hold: WrittenHold): Splice | null {
  const written = inBraces(hold);
  const pair = spec.items.find(({ key }) => isScalar(key) && key.value === "hold");
  if (pair !== undefined) {
    if (!isMap(pair.value)) return null;
    const [start] = rangeOf(pair.value);
    return { start, end: lastOffsetOf(pair.value) + 1, text: written };
  }
  const [first] = spec.items;
  const last = spec.items.at(-1);
  if (first === undefined || last === undefined) return null;
  if (spec.flow === true) {
    const [, end] = rangeOf(last.value ?? last.key);
    return { start: end, end, text: `, hold: ${written}` };
  }
  // Before all else that the resource says: whoever opens the file is to see it.
  const [start] = rangeOf(first.key);
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  return { start, end: start, text: `hold: ${written}${lineEndOf(text)}${indent}` };
}

function inBraces({ reason, until }: WrittenHold): string {
  return `{ reason: ${JSON.stringify(reason)}${until === undefined ? "" : `, until: ${until}`} }`;
}
