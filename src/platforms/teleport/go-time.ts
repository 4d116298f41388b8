import { textOf } from "../../foreign-value.ts";

/** A moment as Go prints it, `null` for none: its zero time is printed, not left out (reference teleport-rotation 4.3). */
export function goTime(value: unknown): string | null {
  const found = textOf(value);
  return found === "" || found.startsWith("0001-01-01T") ? null : found;
}
