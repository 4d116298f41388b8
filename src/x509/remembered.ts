/**
 * A function without effects that remembers its last answers. One run looks at the same few certificates dozens of times,
 * and to read one takes longer than to find it. What it throws is not remembered.
 */
export function remembered<Value>(most: number, answer: (key: string) => Value): (key: string) => Value {
  const answers = new Map<string, { readonly value: Value }>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known.value;
    const value = answer(key);
    const [oldest] = answers.keys();
    if (answers.size >= most && oldest !== undefined) answers.delete(oldest);
    answers.set(key, { value });
    return value;
  };
}
