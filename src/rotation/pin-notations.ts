import type { Fingerprint, PinFile } from "./observation.ts";

/**
 * Texts by which a CA pin is known wherever somebody wrote it down: its 64 hexadecimal digits, in any case of letters and
 * with or without `sha256:` before them, and the same in Base64 (a Kubernetes Secret, a user-data blob).
 */
export interface PinNotations {
  /** What a search looks for, in any case of letters. */
  readonly texts: readonly string[];
  /** The pin that a found text stands for; `undefined` where it only looks alike, in another case of letters. */
  pinOf(found: string): Fingerprint | undefined;
}

/**
 * A fragment of this many digits of Base64 is 126 bits of the pin. An encoder may break its lines anywhere (base64(1) does
 * after 76 characters), so the digits are looked for in three fragments: a break leaves at least one of them whole.
 */
const FRAGMENT = 28;

/** The notations of some pins, to be looked for in one search. */
export function notationsOf(pins: Iterable<Fingerprint>): PinNotations {
  const hex = new Map<string, Fingerprint>();
  const base64 = new Map<string, Fingerprint>();
  for (const pin of pins) {
    const digits = pin.slice("sha256:".length);
    hex.set(digits, pin);
    for (const text of [digits, digits.toUpperCase()]) {
      for (const fragment of fragmentsOf(text)) base64.set(fragment, pin);
    }
  }
  return {
    texts: [...hex.keys(), ...base64.keys()],
    pinOf: (found) => hex.get(found.toLowerCase()) ?? base64.get(found),
  };
}

/** Three characters make four digits, so what a text becomes depends on where in them it begins (RFC 4648, section 4). */
function fragmentsOf(text: string): readonly string[] {
  return [0, 1, 2].flatMap((skipped) => {
    const whole = text.slice(skipped, text.length - ((text.length - skipped) % 3));
    const encoded = Buffer.from(whole, "latin1").toString("base64");
    const starts = Array.from(
      { length: Math.floor(encoded.length / FRAGMENT) },
      (_, index) => index * FRAGMENT,
    );
    return starts.map((start) => encoded.slice(start, start + FRAGMENT));
  });
}

/** The pins that a text lists, with their lines: the same as a search by git finds. */
export function pinsIn(text: string, notations: PinNotations): PinFile["pins"] {
  const found = text.split("\n").flatMap((line, index) => {
    const lower = line.toLowerCase();
    return notations.texts.flatMap((wanted) => {
      const at = lower.indexOf(wanted.toLowerCase());
      const pin = at < 0 ? undefined : notations.pinOf(line.slice(at, at + wanted.length));
      return pin === undefined ? [] : [{ fingerprint: pin, line: index + 1 }];
    });
  });
  return oncePerLine(found);
}

/** Each pin once a line, in their order: a long Base64 text has several fragments of it. */
export function oncePerLine(pins: PinFile["pins"]): PinFile["pins"] {
  const byPlace = new Map(
    pins.map(({ fingerprint, line }) => [`${line} ${fingerprint}`, { fingerprint, line }]),
  );
  return [...byPlace.values()];
}
