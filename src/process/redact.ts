/**
 * Takes secrets out of text that is about to be quoted to a person, a log or a journal. Used on everything an
 * executable printed that is not parsed: quoting is what leaks.
 */
const REMOVED = "[redacted]";

/** To its end, or to the end of the text when that was cut off. */
const PRIVATE_KEY_BLOCK = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g;

/** Teleport prints keys as base64 of PEM; this is what `-----BEGIN ` looks like then. */
const BASE64_PEM = /LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g;

/**
 * `name: value`, `name=value`, `"name": "value"`, `--name value`, where the name says secret. The length of the
 * name is bounded so that a megabyte without a space stays linear.
 */
const NAMED_VALUE =
  /((?:[\w.-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|private[_-]?key|api[_-]?key|credential)s?)(?:["']?\s*[:=]\s*["']?|(?<=--[\w-]*)\s+))([^\s"',;]{8,})/gi;

/** Values that are secrets whatever they are called: bearer headers, JSON web tokens, age keys, join tokens. */
const BARE_VALUES = [
  /(?<=\bBearer\s+)[\w.~+/=-]{8,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /\bAGE-SECRET-KEY-1[0-9A-Z]+/g,
  /(?<![\w:-])[0-9a-f]{32}(?![\w-])/g,
];

export function redact(text: string): string {
  let clean = text
    .replace(PRIVATE_KEY_BLOCK, "[redacted private key]")
    .replace(BASE64_PEM, (match) => (isPrivate(match) ? REMOVED : match))
    .replace(NAMED_VALUE, `$1${REMOVED}`);
  for (const pattern of BARE_VALUES) clean = clean.replace(pattern, REMOVED);
  return clean;
}

function isPrivate(base64: string): boolean {
  return Buffer.from(base64.slice(0, 120), "base64").toString("latin1").includes("PRIVATE KEY");
}
