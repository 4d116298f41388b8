import { isMap, isScalar, type Scalar } from "yaml";
import { decode, type Layout, NAMES, type Place, scalarText } from "../machine-config.ts";
import type { AuthorityContent } from "../node-state.ts";
import { encoded, indentAt, newlineOf, problemAt, spanOf, type TextEdit } from "./source-text.ts";

/** What is written: certificates, and the key where the machine signs. */
export interface WrittenContent extends AuthorityContent {
  /** PEM; `null` leaves an empty or absent key as it is, as on workers. */
  readonly key: string | null;
}

/** The CA that signs, and its key. Throws an `EditProblem` where there is no text to change. */
export function issuingEdits(
  text: string,
  { map, layout }: Place,
  { issuing, key }: WrittenContent,
): readonly TextEdit[] {
  const names = NAMES[layout];
  const authority = map.get(names.issuing, true);
  if (issuing === null) return [];
  const texts = [
    [names.certificate, issuing.pem],
    ["key", key],
  ] as const;
  return texts.flatMap(([name, pem]) => {
    if (pem === null) return [];
    const scalar = isMap(authority) ? authority.get(name, true) : undefined;
    if (isScalar(scalar) && typeof scalar.value === "string") return scalarEdit(text, scalar, pem, layout);
    const remedy = `write ${names.issuing}.${name} the way \`talosctl gen config\` does`;
    throw problemAt(text, scalar ?? authority ?? map, `has no text as ${names.issuing}.${name}`, remedy);
  });
}

/** What says the same already keeps its spelling. */
function scalarEdit(text: string, scalar: Scalar, pem: string, layout: Layout): readonly TextEdit[] {
  if (decode(scalarText(scalar), layout) === pem) return [];
  const [start, end] = spanOf(scalar);
  return [{ start, end, text: scalarSource(text, scalar, pem, layout) }];
}

/** The source of a scalar, in the style that it has: base64 fits every one, PEM needs its line feeds. */
function scalarSource(text: string, scalar: Scalar, pem: string, layout: Layout): string {
  const value = encoded(pem, layout);
  const [start, end] = spanOf(scalar);
  switch (scalar.type) {
    case "BLOCK_LITERAL":
    case "BLOCK_FOLDED":
      return blockAgain(text, text.slice(start, end), indentAt(text, start), value, layout);
    case "QUOTE_SINGLE":
      return layout === "fields" ? `'${value}'` : JSON.stringify(value);
    case "QUOTE_DOUBLE":
      return JSON.stringify(value);
    default:
      return layout === "fields" ? value : JSON.stringify(value);
  }
}

/** Another content below the header that is there, with its comment, at the indentation that is there. */
function blockAgain(text: string, source: string, outer: string, value: string, layout: Layout): string {
  const [header = "", ...before] = source.split(/\r?\n/);
  const indent = before.map((line) => /^[ \t]+(?=\S)/.exec(line)?.[0]).find((found) => found !== undefined);
  const newline = newlineOf(text);
  const lines = value.trimEnd().split("\n");
  if (layout === "fields") {
    const [first = "", second] = before.map((line) => line.trim()).filter((line) => line !== "");
    // One text in lines of equal length, as \`base64\` prints it, stays one.
    if (header.startsWith("|") && second !== undefined) {
      lines.splice(0, 1, ...(value.match(new RegExp(`.{1,${first.length}}`, "g")) ?? []));
    }
  }
  const written = layout === "fields" ? header : header.replace(/^[|>]/, "|").replace(/^(\|\d?)-/, "$1");
  // Blank lines that are kept (`|+`), or no line feed at all.
  const ending = /(?:\r?\n[ \t]*)*$/.exec(source)?.[0] ?? "";
  return written + newline + lines.map((line) => (indent ?? `${outer}    `) + line).join(newline) + ending;
}
