import { type Flag, longOf } from "../../flag.ts";
import type { CommandRow } from "./command-row.ts";
import { COMMON } from "./common-flags.ts";

/**
 * The same command line, with shared flags that stand before the command behind it: `-C infra plan --out p` is
 * `plan -C infra --out p`. There they mean what the command says of them, and one that is given again wins. Where no
 * command follows, they are about nothing.
 */
export function withFlagsBehind(rows: readonly CommandRow[], argv: readonly string[]): readonly string[] {
  const flags = leading(argv);
  if (flags.length === 0) return argv;
  const rest = argv.slice(flags.length);
  const [first = "", second = ""] = rest;
  const words = [[first], [first, second]].find((one) => rows.some(({ name }) => name === one.join(" ")));
  return words === undefined ? rest : [...words, ...flags, ...rest.slice(words.length)];
}

/** Shared flags at the start, with their values. */
function leading(argv: readonly string[]): readonly string[] {
  let count = 0;
  while (count < argv.length) {
    const taken = wordsOf(argv[count] ?? "");
    if (taken === 0) break;
    count += taken;
  }
  return argv.slice(0, count);
}

/** How many words it takes up: 0 where it is no shared flag, 2 where its value is the word behind it. */
function wordsOf(word: string): 0 | 1 | 2 {
  const [long = "", ...value] = word.split("=");
  const flag = FLAGS.find((one) => one.long === long);
  if (flag !== undefined) return flag.takes && value.length === 0 ? 2 : 1;
  if (!/^-[^-]/.test(word)) return 0;
  // Letters may stand together, -qv, and a value right behind its letter, -Cinfra.
  for (let index = 1; index < word.length; index += 1) {
    const letter = FLAGS.find(({ short }) => short === word[index]);
    if (letter === undefined) return 0;
    if (letter.takes) return index === word.length - 1 ? 2 : 1;
  }
  return 1;
}

const FLAGS = Object.entries<Flag>(COMMON).map(([name, flag]) => ({
  long: longOf(name, flag),
  short: flag.short,
  takes: flag.value !== undefined,
}));
