import type { Step } from "../../rotation/plan.ts";
import { stepMove } from "../../rotation/plan-steps.ts";
import type { Writing } from "../facts/component-words.ts";
import { harmlessLine } from "../harmless.ts";

/**
 * Text that came from a cluster, as Markdown that stays text. GitHub turns much more into markup than CommonMark
 * does: mentions, issue numbers, commit hashes, bare addresses, emoji, formulas; and a backslash does not stop all
 * of them, as some are looked for in the finished HTML. None of that happens in code. So a word is either plainly
 * harmless, or it is put in a code span.
 */

/** Longer texts of a cluster are cut: a name or a message that fills the page is no name and no message. */
const LONGEST_CODE = 200;
const LONGEST_PROSE = 1_500;

const EMPTY = "(empty)";

/** Letters and digits with ordinary punctuation around them. Nothing in it can start or end markup. */
const SAFE_WORD = /^[("'“‘]*[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*[)"'”’.,;:!?…]*$/u;

/**
 * Words that are safe by their letters, and which GitHub would link (hashes, `GH-1` and other trackers' numbers,
 * `www.`), or a line that starts with them would be a list.
 */
const LINKED_WORD = /www|^\W*[0-9a-f]{7,40}\W*$|-.*\d|\d.*-|^\d+[.)]/i;

/** `21:20`: of a date. */
const SAFE_TIME = /^\d{1,2}:\d\d[,.;:)]*$/;

/** Between words, standing alone. */
const SAFE_SIGN = /^[—–→·…(),.;:!?"'“”‘’]+$/;

const AROUND = /^([("'“‘]*)(.*?)([)"'”’.,;:!?…]*)$/s;

/** A code span that its content cannot leave. */
export function code(text: string): string {
  const content = clip(harmlessLine(text), LONGEST_CODE).trim();
  if (content === "") return EMPTY;
  const fence = "`".repeat(longestRun(content) + 1);
  const pad = content.startsWith("`") || content.endsWith("`") ? " " : "";
  return `${fence}${pad}${content}${pad}${fence}`;
}

/** The same in a cell of a table, where a bare pipe would end it even within code. */
export function cell(text: string): string {
  return code(text).replace(/(\\*)\|/g, "$1$1\\|");
}

/**
 * A sentence. What stands between backticks is code, as capstan's own sentences mean it; so is every word that is
 * not plainly a word.
 */
export function prose(text: string): string {
  const clean = clip(harmlessLine(text), LONGEST_PROSE).trim();
  // An empty item of a list would turn the line above it into a heading.
  if (clean === "") return EMPTY;
  const parts = clean.split("`");
  if (parts.length % 2 === 0 || clean.includes("``")) return words(clean);
  return parts
    .map((part, index) => (index % 2 === 1 ? code(part) : words(part)))
    .reduce((text, part) => (text.endsWith("`") && part.startsWith("`") ? `${text} ${part}` : text + part));
}

/** For sentences that are the same in every medium. */
export const IN_MARKDOWN: Writing = { code, sentence: prose };

/** For `<summary>`, where Markdown is not read, and HTML is. */
export function html(text: string): string {
  const content = clip(harmlessLine(text), LONGEST_CODE).replace(
    /[&<>"'`]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
  return `<code>${content}</code>`;
}

/** A link to an address of our own; one that is none is shown as code. */
export function link(label: string, address: string): string {
  if (!URL.canParse(address)) return code(address);
  const { protocol, href } = new URL(address);
  if (protocol !== "https:" && protocol !== "http:") return code(address);
  return `[${label}](<${href.replace(/[<>\\]/g, (character) => encodeURIComponent(character))}>)`;
}

/** A fenced block; the fence is longer than any run inside. */
export function fence(text: string, language: string): string {
  const lines = text
    .replace(/\r\n?/g, "\n")
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => harmlessLine(line.replaceAll("\t", "    ")));
  const ticks = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${ticks}${language}\n${lines.join("\n")}\n${ticks}\n`;
}

function words(text: string): string {
  const out: string[] = [];
  let unsafe: string[] = [];
  const flush = (trail = "") => {
    if (unsafe.length > 0) out.push(`${code(unsafe.join(" "))}${trail}`);
    unsafe = [];
  };
  for (const token of text.split(/ +/)) {
    if (token === "" || isSafe(token)) {
      flush();
      out.push(token);
      continue;
    }
    const { lead, core, trail } = around(token);
    if (lead !== "") flush();
    if (lead !== "" && core !== "") {
      out.push(`${lead}${code(core)}${trail}`);
      continue;
    }
    unsafe.push(core);
    if (trail !== "") flush(trail);
  }
  flush();
  return out.join(" ");
}

function isSafe(token: string): boolean {
  if (SAFE_SIGN.test(token) || SAFE_TIME.test(token)) return true;
  return SAFE_WORD.test(token) && !LINKED_WORD.test(token);
}

/** Punctuation around a word stays outside of the code; brackets that belong to it stay inside. */
function around(token: string) {
  const [, lead = "", core = "", trail = ""] = AROUND.exec(token) ?? [];
  if (core.includes("(") && trail.startsWith(")")) return { lead, core: `${core})`, trail: trail.slice(1) };
  return { lead, core, trail };
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  // Not in the middle of a surrogate pair.
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** What a step does, in a few words. */
export function markdownTitle(step: Pick<Step, "action" | "authority" | "from" | "to">): string {
  return `${prose(step.authority)}: ${stepMove(step, code)}`;
}
