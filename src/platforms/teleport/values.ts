/** Readers of values that other people's JSON may or may not have. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function object(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text, `""` for anything else: Go leaves empty strings out. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Go prints its zero time instead of leaving it out (reference teleport-rotation 4.3). */
export function time(value: unknown): string | null {
  const found = text(value);
  return found === "" || found.startsWith("0001-01-01T") ? null : found;
}
