import type { Key as InkKey } from "ink";
import type { Key } from "./state.ts";

const NAMED = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "pageup"],
  ["pageDown", "pagedown"],
  ["home", "home"],
  ["end", "end"],
  ["return", "return"],
  ["escape", "escape"],
  ["tab", "tab"],
  ["backspace", "backspace"],
  // What most terminals send for the backspace key.
  ["delete", "backspace"],
] as const satisfies readonly (readonly [keyof InkKey, string])[];

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Ink's idea of a key press as ours. Several characters at once (a paste, or keys that arrived together) become
 * as many keys, so that none of them passes for an unhurried one. A key with a modifier is never a letter.
 */
export function keyPresses(input: string, key: Partial<InkKey>): readonly Key[] {
  if (key.eventType === "release") return [];
  if (key.ctrl === true) return [{ name: `ctrl-${input}`, printable: false }];
  if (key.meta === true || key.super === true || key.hyper === true)
    return [{ name: `meta-${input}`, printable: false }];
  const named = NAMED.find(([field]) => key[field] === true);
  if (named !== undefined) return [{ name: named[1], printable: false }];
  return [...CHARACTERS.segment(input)].map(({ segment }) => characterKey(segment));
}

function characterKey(segment: string): Key {
  if (segment === "\r" || segment === "\n" || segment === "\r\n") return { name: "return", printable: false };
  if (segment === "\t") return { name: "tab", printable: false };
  if (segment === "\u0003") return { name: "ctrl-c", printable: false };
  return { name: segment, printable: !/^\p{C}/u.test(segment) };
}
