/** The hash of a commit, `null` for anything else and for the zeros that forges write where there is none. */
export function commitOf(value: unknown): string | null {
  return typeof value === "string" && /^[0-9a-f]{40,64}$/.test(value) && !/^0+$/.test(value) ? value : null;
}
