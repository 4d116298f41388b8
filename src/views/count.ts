/** `1 node`, `3 nodes`; `spell` writes the number. */
export function count(number: number, noun: string, spell: (number: number) => string = String): string {
  return `${spell(number)} ${noun}${number === 1 ? "" : "s"}`;
}
