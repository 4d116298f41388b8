import type { Group, Part } from "./budget.ts";

/** Parts that a reader has to unfold; `summary` is HTML. */
export function details(summary: string, parts: readonly Part[]): Group {
  return { open: `<details><summary>${summary}</summary>\n\n`, parts, close: "</details>\n\n" };
}
