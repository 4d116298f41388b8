import type { StepComponents } from "../../rotation/plan.ts";
import { count } from "../count.ts";
import { type WaivedFact, waiverText } from "./waived-facts.ts";

/** Waivers that are named in a sentence about many; the others are counted. */
const NAMED = 3;

/** How a medium writes what others wrote: a name, and a sentence. */
export interface Writing {
  readonly code: (text: string) => string;
  readonly sentence: (text: string) => string;
}

/** For media that clean what they are given as a whole. */
export const AS_IT_IS: Writing = { code: (text) => text, sentence: (text) => text };

/**
 * `9 of 9 components at update_servers (1 waived: node/node2, scrapped, until 10 December 2026)`: what an approval rests
 * on.
 */
export function componentsText(
  { phase, total, there, waived }: StepComponents,
  accepted: readonly WaivedFact[],
  { code, sentence }: Writing = AS_IT_IS,
): string {
  const head = `${there} of ${count(total, "component")} at ${code(phase)}`;
  if (waived.length === 0) return head;
  const named = waived.slice(0, NAMED).map((subject) => {
    const fact = accepted.find((one) => one.subject === subject);
    return fact === undefined ? code(subject) : `${code(subject)}, ${sentence(waiverText(fact))}`;
  });
  const more = waived.length > NAMED ? [`${waived.length - NAMED} more`] : [];
  return `${head} (${waived.length} waived: ${[...named, ...more].join("; ")})`;
}

/** `1 auth_server, 2 of 3 node`: the same, kind by kind. */
export function kindsText({ kinds }: Pick<StepComponents, "kinds">): string {
  return kinds
    .map(({ kind, there, total }) => `${there === total ? "" : `${there} of `}${total} ${kind}`)
    .join(", ");
}
