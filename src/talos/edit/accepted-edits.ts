import { isScalar, isSeq, type Pair, type YAMLSeq } from "yaml";
import type { CaCertificate } from "../../x509/ca-certificate.ts";
import { acceptedText, decode, type Layout, NAMES, type Place } from "../machine-config.ts";
import type { WrittenContent } from "./issuing-edits.ts";
import {
  encoded,
  indentAt,
  lineEnd,
  lineStart,
  newlineOf,
  problemAt,
  spanOf,
  spelled,
  type TextEdit,
  withNewline,
} from "./source-text.ts";

/** Kept elements are copied with their comments; the list goes when nothing is left in it. */
export function acceptedEdits(text: string, place: Place, { accepted }: WrittenContent): readonly TextEdit[] {
  const { map, layout, document } = place;
  const name = NAMES[layout].accepted;
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === name);
  const list = pair?.value;
  if (pair === undefined || !isSeq(list)) {
    if (accepted.length === 0) return [];
    return pair === undefined ? [insertList(text, place, accepted)] : fillList(text, pair, place, accepted);
  }
  const present = list.items.map((item) => ({
    item,
    pem: decode(acceptedText(item, layout, document), layout),
  }));
  const same =
    present.length === accepted.length && present.every(({ pem }, index) => pem === accepted[index]?.pem);
  if (same) return [];
  const items = accepted.map((certificate) => ({
    certificate,
    // As it stands: one that lacks its line feed is written anew.
    kept: present.find(({ pem }) => pem === certificate.pem)?.item ?? null,
  }));
  return [
    list.flow === true ? flowList(text, list, layout, items) : blockList(text, pair, list, layout, items),
  ];
}

interface Item {
  readonly certificate: CaCertificate;
  /** The element that says so already. */
  readonly kept: unknown;
}

function flowList(text: string, list: YAMLSeq, layout: Layout, items: readonly Item[]): TextEdit {
  const [start, end] = spanOf(list);
  const written = items.map(({ certificate, kept }) =>
    kept === null ? flowItem(certificate, layout) : spelled(text, kept),
  );
  return { start, end, text: `[${written.join(", ")}]` };
}

function blockList(
  text: string,
  pair: Pair,
  list: YAMLSeq,
  layout: Layout,
  items: readonly Item[],
): TextEdit {
  const [start, end] = spanOf(list);
  const first = lineStart(text, start);
  if (items.length === 0) {
    const key = spanOf(pair.key);
    const between = text.slice(key[1], first);
    if (!between.includes("#")) return { start: lineStart(text, key[0]), end: lineEnd(text, end), text: "" };
    // With a comment of its own the key stays.
    const colon = key[1] + between.indexOf(":") + 1;
    const kept = text.slice(colon, first);
    return { start: colon, end: lineEnd(text, end), text: ` []${kept}` };
  }
  const indent = indentAt(text, start);
  const inner = /- \|[^\n]*\n([ \t]+)\S/.exec(text.slice(start, end))?.[1];
  // From the end of one to the end of the next, so that a comment goes with the element that it stands above.
  const ends = list.items.map((item) => lineEnd(text, spanOf(item)[1]));
  const sliceOf = (kept: unknown) => {
    const index = list.items.indexOf(kept);
    return withNewline(text, text.slice(index === 0 ? first : ends[index - 1], ends[index]));
  };
  const written = items.map(({ certificate, kept }) =>
    kept === null ? blockItem(text, certificate, layout, indent, inner) : sliceOf(kept),
  );
  return { start: first, end: lineEnd(text, end), text: written.join("") };
}

function insertList(text: string, place: Place, accepted: readonly CaCertificate[]): TextEdit {
  const { map, layout } = place;
  const names = NAMES[layout];
  const after = map.items.find(({ key }) => isScalar(key) && key.value === names.issuing);
  if (after === undefined) throw new Error(`there is neither ${names.issuing} nor ${names.accepted}`);
  if (map.flow === true) {
    const at = spanOf(after.value)[1];
    const list = accepted.map((certificate) => flowItem(certificate, layout)).join(", ");
    return { start: at, end: at, text: `, ${names.accepted}: [${list}]` };
  }
  const at = lineEnd(text, spanOf(after.value)[1]);
  const indent = indentAt(text, spanOf(after.key)[0]);
  const before = at > 0 && text[at - 1] !== "\n" ? newlineOf(text) : "";
  return { start: at, end: at, text: before + blockLines(text, names.accepted, layout, indent, accepted) };
}

/** `acceptedCAs:` with nothing behind it, `null` or a comment. */
function fillList(
  text: string,
  pair: Pair,
  { map, layout }: Place,
  accepted: readonly CaCertificate[],
): readonly TextEdit[] {
  const key = spanOf(pair.key);
  const value = pair.value === null ? ([key[1], key[1]] as const) : spanOf(pair.value);
  const written = text.slice(...value);
  if (map.flow === true || !["", "null", "Null", "NULL", "~"].includes(written)) {
    throw problemAt(
      text,
      pair.key,
      `has no list as ${NAMES[layout].accepted}`,
      "make it a list, or remove it",
    );
  }
  const at = lineEnd(text, value[1]);
  const indent = indentAt(text, key[0]);
  const items = accepted.map((certificate) => blockItem(text, certificate, layout, `${indent}    `));
  const before = at > 0 && text[at - 1] !== "\n" ? newlineOf(text) : "";
  const edits = [{ start: at, end: at, text: before + items.join("") }];
  const gap = /[ \t]*$/.exec(text.slice(key[1], value[0]))?.[0].length ?? 0;
  return written === "" ? edits : [{ start: value[0] - gap, end: value[1], text: "" }, ...edits];
}

function blockLines(
  text: string,
  name: string,
  layout: Layout,
  indent: string,
  accepted: readonly CaCertificate[],
): string {
  const items = accepted.map((certificate) => blockItem(text, certificate, layout, `${indent}    `));
  return `${indent}${name}:${newlineOf(text)}${items.join("")}`;
}

/** A block is indented as the others of the list are, or else as Go's encoder writes it. */
function blockItem(
  text: string,
  { pem }: CaCertificate,
  layout: Layout,
  indent: string,
  inner = `${indent}  `,
): string {
  return layout === "fields"
    ? `${indent}- crt: ${encoded(pem, layout)}${newlineOf(text)}`
    : `${indent}- ${blockSource(text, pem, inner)}`;
}

function flowItem({ pem }: CaCertificate, layout: Layout): string {
  return layout === "fields" ? `{crt: ${encoded(pem, layout)}}` : JSON.stringify(pem);
}

function blockSource(text: string, pem: string, indent: string): string {
  const newline = newlineOf(text);
  return `|${newline}${pem.replace(/^(?=.)/gm, indent).replaceAll("\n", newline)}`;
}
