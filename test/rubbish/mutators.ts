import { parseDocument } from "yaml";

/**
 * Damages a text in one of the ways in which files and replies are damaged: on disk, on a line, by an editor, by
 * another version, or by somebody who wants to see what happens. The same seed damages in the same way.
 */

/** How a text is built, so that it can be damaged in its structure too. */
export type Form = "json" | "json-lines" | "yaml" | "text";

export interface Mutant {
  /** What was done, for the message of a test. */
  readonly how: string;
  readonly bytes: Buffer;
}

type Random = () => number;
type Path = readonly (string | number)[];
type Text = (text: string, random: Random) => string;

const below = (random: Random, end: number) => Math.floor(random() * Math.max(end, 1));
function pick<T>(random: Random, of: readonly T[]): T {
  return of[below(random, of.length)] as T;
}

/** Written as it is, in place of the string that holds it: what no value of JavaScript is written as. */
const RAW = "\u{f0000}raw:";

const NUMBERS = [
  "-1",
  "0",
  "1e999",
  "-1e999",
  "9007199254740993",
  "1e21",
  "-0",
  "0.1",
  "NaN",
  "Infinity",
  "0x10",
  "08",
].map((text) => `${RAW}${text}`);
const PROTOTYPES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];
const YEARS = [
  "0000-00-00T00:00:00Z",
  "-271821-04-19T23:59:59Z",
  "+275760-09-14T00:00:00Z",
  "99999-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999999Z",
  "1601-01-01T00:00:00Z",
  "0001-01-01T00:00:00Z",
  "2026-02-30T25:61:61Z",
  "1e400",
];
const EMPTY: readonly unknown[] = ["", " ", "\n", null, [], {}, false, 0];
const OTHER: readonly unknown[] = [
  "x",
  ["x"],
  { x: "x" },
  [[]],
  [null],
  { id: null },
  true,
  7,
  "\u202e\u001b[2J",
];

type Change = (value: unknown, random: Random) => unknown;
/** What becomes of one place of a value. */
const VALUES: Readonly<Record<string, Change>> = {
  retyped: (_, random) => pick(random, OTHER),
  emptied: (_, random) => pick(random, EMPTY),
  "a number": (_, random) => pick(random, NUMBERS),
  "a year": (_, random) => pick(random, YEARS),
  nested: (value, random) => {
    const [open, close] = pick(random, [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const);
    const levels = pick(random, [50, 1_000, 20_000]);
    return `${RAW}${open.repeat(levels)}${JSON.stringify(value)}${close.repeat(levels)}`;
  },
  "a very long text": (_, random) => pick(random, ["a", "\u0000", "é", "-----BEGIN "]).repeat(200_000),
  "cut short": (value, random) =>
    typeof value === "string" ? value.slice(0, below(random, value.length)) : null,
  "a name of a prototype": (_, random) => pick(random, PROTOTYPES),
};

type Entries = readonly (readonly [string, unknown])[];
/** What becomes of an entry of an object, or of an element. */
const ENTRIES: Readonly<Record<string, (entries: Entries, at: number, random: Random) => Entries>> = {
  dropped: (entries, at) => entries.filter((_, index) => index !== at),
  renamed: (entries, at, random) =>
    entries.map(([name, value], index) =>
      index === at ? [pick(random, [`${name}2`, name.toUpperCase(), "", ` ${name}`]), value] : [name, value],
    ),
  "called as a prototype": (entries, at, random) =>
    entries.map(([name, value], index) => [index === at ? pick(random, PROTOTYPES) : name, value]),
  twice: (entries, at) => entries.flatMap((entry, index) => (index === at ? [entry, entry] : [entry])),
  "twice, with another value": (entries, at, random) =>
    entries.flatMap((entry, index) =>
      index === at ? [entry, [entry[0], pick(random, OTHER)] as const] : [entry],
    ),
};

/** Every place of a value: paths to what it holds, however deep. */
export function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [];
  const entries = Array.isArray(value)
    ? value.map((one, index) => [index, one] as const)
    : Object.entries(value);
  return entries.flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);
}

/** The JSON of a value in which the entries around one place are others; names may come twice, as in a text. */
export function jsonWith(
  value: unknown,
  path: Path,
  change: (entries: Entries, at: number) => Entries,
): string {
  const [key, ...rest] = path;
  if (typeof value !== "object" || value === null || key === undefined) return JSON.stringify(value);
  const names: Entries = Object.entries(value);
  const at = names.findIndex(([name]) => name === String(key));
  const changed = rest.length === 0 ? change(names, at) : names;
  const written = changed.map(([name, inner]) => {
    const text =
      rest.length > 0 && name === String(key) ? jsonWith(inner, rest, change) : JSON.stringify(inner);
    return Array.isArray(value) ? text : `${JSON.stringify(name)}:${text}`;
  });
  return Array.isArray(value) ? `[${written.join(",")}]` : `{${written.join(",")}}`;
}

function damagedJson(value: unknown, random: Random): { readonly how: string; readonly text: string } {
  // What holds nothing is damaged as a whole.
  const path = pathsOf(value).length === 0 ? [] : pick(random, pathsOf(value));
  const where = path.join(".");
  if (random() < 0.5) {
    const [how, change] = pick(random, Object.entries(ENTRIES));
    return {
      how: `${where} ${how}`,
      text: jsonWith(value, path, (entries, at) => change(entries, at, random)),
    };
  }
  const [how, change] = pick(random, Object.entries(VALUES));
  const text = jsonWith(value, path, (entries, at) =>
    entries.map(([name, inner], index) => [name, index === at ? change(inner, random) : inner]),
  );
  return {
    how: `${where} ${how}`,
    text: text.replaceAll(new RegExp(`"${RAW}((?:[^"\\\\]|\\\\.)*)"`, "gu"), (_, raw: string) =>
      raw.replaceAll(/\\(.)/g, "$1"),
    ),
  };
}

function onOneLine(text: string, random: Random, change: (line: string) => string): string {
  const lines = text.split("\n");
  const at = below(random, lines.length);
  return lines.map((line, index) => (index === at ? change(line) : line)).join("\n");
}

/** What becomes of a text whose structure nobody looks at. */
const TEXTS: Readonly<Record<string, Text>> = {
  "cut short": (text, random) => text.slice(0, below(random, text.length)),
  "without its beginning": (text, random) => text.slice(below(random, text.length)),
  doubled: (text) => text + text,
  "a line twice": (text, random) => onOneLine(text, random, (line) => `${line}\n${line}`),
  "a line less": (text, random) => onOneLine(text, random, () => ""),
  "CRLF at the ends of lines": (text) => text.replaceAll("\n", "\r\n"),
  "CR alone": (text) => text.replaceAll("\n", "\r"),
  "a byte order mark": (text) => `\ufeff${text}`,
  "an anchor and its alias": (text, random) =>
    onOneLine(text, random, (line) => line.replace(/: (.*)$/, ": &a $1\nanother: *a")),
  "an alias of nothing": (text, random) =>
    onOneLine(text, random, (line) => line.replace(/: .*$/, ": *nowhere")),
  "a billion laughs": (text) =>
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghi"].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(",")}]`).join("\n")}\n${text}`,
  "a tag": (text, random) =>
    onOneLine(text, random, (line) =>
      line.replace(
        /: (.*)$/,
        `: ${pick(random, ["!!binary", "!!js/function", "!!python/object:os.system", "!x"])} $1`,
      ),
    ),
  "a merge key": (text, random) => onOneLine(text, random, (line) => `${line}\n<<: { __proto__: { x: 1 } }`),
  "another document": (text, random) => onOneLine(text, random, (line) => `${line}\n---\n`),
  "a tab": (text, random) => onOneLine(text, random, (line) => `\t${line}`),
  "a NUL": (text, random) => onOneLine(text, random, (line) => `${line}\0`),
  "signs of other lines and directions": (text, random) =>
    onOneLine(text, random, (line) => `${line}\u2028\u202e\u001b[2J\u0085`),
  "a conflict of a merge": (text, random) =>
    onOneLine(text, random, (line) => `<<<<<<< HEAD\n${line}\n=======\n${line}x\n>>>>>>> main`),
  nothing: () => "",
  "blanks alone": () => " \n\n\t\n",
};

const BYTES: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  "bytes flipped": (bytes, random) => {
    const copy = Buffer.from(bytes);
    for (let count = 1 + below(random, 4); count > 0; count -= 1) {
      const at = below(random, copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8));
    }
    return copy;
  },
  "a byte of no text": (bytes, random) => {
    const at = below(random, bytes.length);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from([pick(random, [0xff, 0xc0, 0xed, 0])]),
      bytes.subarray(at),
    ]);
  },
  "UTF-16": (bytes) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(bytes.toString(), "utf16le")]),
};

/** What stands between the values of a text, and how each of them is read. */
const VALUES_IN: Readonly<Record<Exclude<Form, "text">, readonly [string, (text: string) => unknown]>> = {
  json: ["\0", JSON.parse],
  "json-lines": ["\n", JSON.parse],
  yaml: ["\n---\n", (text) => parseDocument(text).toJS()],
};

/** A text, damaged once. */
export function mutant(text: string, form: Form, random: Random): Mutant {
  const kind = random();
  if (form !== "text" && kind < 0.6) {
    const [between, read] = VALUES_IN[form];
    const values = text.trim().split(between);
    const at = below(random, values.length);
    const { how, text: damaged } = damagedJson(read(values[at] ?? ""), random);
    return { how, bytes: Buffer.from(`${values.with(at, damaged).join(between)}\n`) };
  }
  if (kind < 0.85) {
    const [how, change] = pick(random, Object.entries(TEXTS));
    return { how, bytes: Buffer.from(change(text, random)) };
  }
  const [how, change] = pick(random, Object.entries(BYTES));
  return { how, bytes: change(Buffer.from(text), random) };
}
