/** More than the machines and clients of one cluster use at a time. */
const MOST = 256;

/** A pure function of a text that keeps what it gave for the last texts: each connection reads the same few PEMs. */
export function remembered<Value>(make: (text: string) => Value): (text: string) => Value {
  const kept = new Map<string, Value>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    for (const oldest of kept.keys()) {
      if (kept.size < MOST) break;
      kept.delete(oldest);
    }
    const made = make(text);
    kept.set(text, made);
    return made;
  };
}
