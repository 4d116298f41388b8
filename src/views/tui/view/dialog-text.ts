import { type Gate, READY_TICKS } from "../gate.ts";
import { type Line, line, span } from "../spans.ts";

/** A question or an explanation: what it says, and the row of keys that answer it. */
export interface DialogText {
  readonly title: string;
  readonly grave: boolean;
  readonly body: readonly Line[];
  /** Always in view, however long the body is. */
  readonly foot: readonly Line[];
}

/** The foot of what is only read. */
export function anyKey(effect: string, gate?: Gate): Line {
  const tone = gate === undefined || isReady(gate) ? "plain" : "dim";
  return line(span(`any key ${effect}`, tone));
}

/** The answer is offered once it counts. */
export function yesOrNo(gate: Gate, effect: string): Line {
  if (gate.answered !== null)
    return line(span(`${effect} …`, "strong"), span("   any key takes it back", "dim"));
  if (!isReady(gate)) return line(span("one moment …", "dim"));
  return line(
    span(" y ", "cursor"),
    span(` ${effect}`, "strong"),
    span("     any other key does not", "dim"),
  );
}

function isReady({ drawn, age }: Gate): boolean {
  return drawn && age >= READY_TICKS;
}
