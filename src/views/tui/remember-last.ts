/**
 * Remembers the last result of a pure function: the reducer and the components ask for the same rows of the same
 * state, and a list of 100,000 must be made once.
 */
export function rememberLast<Args extends readonly unknown[], Result>(
  make: (...args: Args) => Result,
): (...args: Args) => Result {
  let last: { readonly args: Args; readonly result: Result } | null = null;
  return (...args) => {
    const known = last;
    if (known !== null && args.every((arg, index) => arg === known.args[index])) return known.result;
    const result = make(...args);
    last = { args, result };
    return result;
  };
}
