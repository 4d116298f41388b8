import { createHash } from "node:crypto";

/**
 * A function without effects that remembers its last answers: one run looks at the same few certificates and
 * configurations dozens of times, and to read one takes longer than to find it. What it throws is not remembered.
 */
export function remembered<Value>(most: number, answer: (key: string) => Value): (key: string) => Value {
  return rememberedBy(most, (key) => key, answer);
}

/** The same of several texts, and where one may hold a private key, which is not kept: a digest stands in its place. */
export function rememberedByDigest<Arguments extends readonly string[], Value>(
  most: number,
  answer: (...words: Arguments) => Value,
): (...words: Arguments) => Value {
  const digest = (words: readonly string[]) =>
    createHash("sha256").update(JSON.stringify(words)).digest("base64");
  const find = rememberedBy(most, digest, (words: Arguments) => answer(...words));
  return (...words) => find(words);
}

function rememberedBy<Argument, Value>(
  most: number,
  keyOf: (argument: Argument) => string,
  answer: (argument: Argument) => Value,
): (argument: Argument) => Value {
  const answers = new Map<string, { readonly value: Value }>();
  return (argument) => {
    const key = keyOf(argument);
    const known = answers.get(key);
    if (known !== undefined) {
      // What is asked for goes to the end: the root of a thousand certificates is not forgotten among them.
      answers.delete(key);
      answers.set(key, known);
      return known.value;
    }
    const value = answer(argument);
    const [oldest] = answers.keys();
    if (answers.size >= most && oldest !== undefined) answers.delete(oldest);
    answers.set(key, { value });
    return value;
  };
}
