import { withoutSecrets } from "../secrets.ts";

/**
 * Takes secrets out of text that an executable printed and that is about to be quoted to a person, a log or a
 * journal: whatever is a secret by its form, and what its name says to be one. On the whole text, before any of it is
 * cut off: half a key has no form.
 */
const REMOVED = "[redacted]";

/**
 * `name: value`, `name=value`, `"name": "value"`, `--name value`, where the name says secret. The length of the
 * name is bounded so that a megabyte without a space stays linear.
 */
const NAMED_VALUE =
  /((?:[\w.-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|private[_-]?key|api[_-]?key|credential)s?)(?:["']?\s*[:=]\s*["']?|(?<=--[\w-]*)\s+))([^\s"',;]{8,})/gi;

/** Teleport's join tokens. */
const JOIN_TOKEN = /(?<![\w:-])[0-9a-f]{32}(?![\w-])/g;

/** The same text, with `[redacted]` in place of every secret. */
export function redact(text: string): string {
  return withoutSecrets(text).replace(NAMED_VALUE, `$1${REMOVED}`).replace(JOIN_TOKEN, REMOVED);
}

/** What can go on where a text was cut: the rest of a word, and lines that are nothing but base64. */
const CUT_HEAD = /^(?:[^\n]*\n|\S*)(?:[ \t]*[A-Za-z0-9+/_=-]{16,}[ \t]*\r?\n)*/;

/**
 * The end of a text whose head was lost: without its first line, and without the lines of base64 that follow it, as
 * the line that would say that a key begins may have been in the part that is lost.
 */
export function withoutCutHead(text: string): string {
  return text.replace(CUT_HEAD, "");
}
