/** Far more than capstan nests; what is deeper is for the stack of whoever walks it. */
const DEEPEST = 100;

/**
 * The value of a file that anybody may have written: a plan, observations, events. Throws what `JSON.parse` throws,
 * also for what is nested so deeply that no walk through it would end well.
 */
export function parseForeignJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeeper(value)) throw new SyntaxError(`nested more than ${DEEPEST} deep`);
  return value;
}

/** Level by level: a recursion would have the limit that this is about. */
function isDeeper(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= DEEPEST; depth += 1) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
    if (level.length === 0) return false;
  }
  return true;
}
