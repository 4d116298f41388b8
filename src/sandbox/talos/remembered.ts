/** More than the machines and clients of one cluster use at a time. */
const MOST = 256;

/**
 * A pure function of a text that keeps what it gave for the last texts: each connection reads the same few PEMs. What it
 * gave belongs to all callers, who change nothing of it.
 */
export function remembered<Value>(make: (text: string) => Value): (text: string) => Value {
  return rememberedBy((text) => text, make);
}

/** The same of what a text stands for. */
export function rememberedBy<Args extends readonly unknown[], Value>(
  textOf: (...args: Args) => string,
  make: (...args: Args) => Value,
): (...args: Args) => Value {
  const kept = new Map<string, Value>();
  return (...args) => {
    const text = textOf(...args);
    const known = kept.get(text);
    if (known !== undefined) return known;
    for (const oldest of kept.keys()) {
      if (kept.size < MOST) break;
      kept.delete(oldest);
    }
    const made = make(...args);
    kept.set(text, made);
    return made;
  };
}
