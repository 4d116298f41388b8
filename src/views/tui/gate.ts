/**
 * What keeps a stray key from answering a question. A question counts ticks from the moment that it was drawn:
 * keys before `READY_TICKS` close it, and an answer counts only when no key follows it for `QUIET_TICKS`. Ticks, not
 * times: keys that piled up while the process was busy are read between two ticks, so they never look unhurried.
 */
export interface Gate {
  readonly drawn: boolean;
  /** Ticks since it was drawn. */
  readonly age: number;
  /** Ticks since the last key. */
  readonly idle: number;
  /** Ticks since the answer; `null` before it. */
  readonly answered: number | null;
}

/** A tick of the person's time, milliseconds. */
export const TICK_MS = 100;
/** So long a question stands before an answer counts. */
export const READY_TICKS = 4;
/** So long nothing may follow an answer. */
export const QUIET_TICKS = 3;

/** Not drawn yet, and not answered. */
export const FRESH_GATE: Gate = { drawn: false, age: 0, idle: 0, answered: null };

/** What a key means to a question. */
export type GateAnswer = "too-early" | "answer" | "too-much" | "leave";

export function gateAnswer(gate: Gate, isAnswer: boolean): GateAnswer {
  if (gate.answered !== null) return "too-much";
  if (!gate.drawn || gate.age < READY_TICKS) return "too-early";
  return isAnswer ? "answer" : "leave";
}

/** A tick passes; `fires` when an answer has stood unhurried for long enough. */
export function tickGate(gate: Gate): { readonly gate: Gate; readonly fires: boolean } {
  const settled = gate.answered === null && gate.age >= READY_TICKS && gate.idle >= READY_TICKS;
  if (!gate.drawn || settled) return { gate, fires: false };
  const answered = gate.answered === null ? null : gate.answered + 1;
  const [age, idle] = [Math.min(gate.age + 1, READY_TICKS), Math.min(gate.idle + 1, READY_TICKS)];
  return { gate: { ...gate, age, idle, answered }, fires: answered !== null && answered >= QUIET_TICKS };
}
