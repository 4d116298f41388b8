import type { Fingerprint } from "../../rotation/observation.ts";
import type { KeyMove, KeyStanding } from "../../rotation/plan.ts";

/** What becomes of a key, by what it was. */
function fateText(before: KeyStanding, after: KeyStanding): string {
  switch (after) {
    case "active":
      return before === "active" ? "goes on signing" : "signs";
    case "trusted":
      if (before === "absent") return "is made and trusted";
      return before === "active" ? "signs no more and stays trusted" : "stays trusted";
    case "gone":
    case "absent":
      return before === "gone" ? "is gone" : "is dropped";
    case "unknown":
      return "stays or goes, which nobody can tell";
  }
}

const NAMES = { retiring: "old key", introduced: "new key", other: "key" } as const;

/** `the old key 0a0a0a0a… is dropped, the new key 1b1b1b1b… goes on signing`; empty for a step that moves no key. */
export function keyMovesText(
  moves: readonly KeyMove[],
  shorten: (fingerprint: Fingerprint) => string,
  code: (text: string) => string = (text) => text,
): string {
  // What goes first: it is what a reader has to be sure of.
  const order = moves.toSorted((one, other) => Number(other.after === "gone") - Number(one.after === "gone"));
  return order
    .map(({ fingerprint, role, before, after }) => {
      const name = fingerprint === null ? "" : ` ${code(shorten(fingerprint))}`;
      return `the ${NAMES[role]}${name} ${fateText(before, after)}`;
    })
    .join(", ");
}
