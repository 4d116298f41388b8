const WORDS = /^(you|who|name|reason|why|text|todo|tbd|fixme|x{3,}|\.{3,}|…|<.*>)$/i;

/** A word that stands where somebody is to write his own, as examples have it. */
export function isPlaceholder(text: string): boolean {
  return WORDS.test(text.trim());
}
