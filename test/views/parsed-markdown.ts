import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

interface Node {
  readonly type: string;
  readonly value?: string;
  readonly children?: readonly Node[];
}

/** Every node of a document, with the types that it stands in. */
export function* markdownNodes(
  node: Node,
  within: readonly string[] = [],
): Generator<{ node: Node; within: readonly string[] }> {
  yield { node, within };
  for (const child of node.children ?? []) yield* markdownNodes(child, [...within, node.type]);
}

let last: { readonly text: string; readonly node: Node } | undefined;

/** As GitHub's Markdown. Shape and texts are asked of the same document, one after the other: it is parsed once. */
export function parsedMarkdown(text: string): Node {
  if (last?.text !== text) {
    const node = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
    last = { text, node };
  }
  return last.node;
}

/** The shape of a document without the texts in it: which nodes, in which order, how deep. */
export function markdownShape(text: string): readonly string[] {
  return [...markdownNodes(parsedMarkdown(text))]
    .filter(({ node }) => !["text", "inlineCode"].includes(node.type))
    .map(({ node, within }) => {
      const detail =
        node.type === "html" ? (node.value ?? "").replace(/<code>[^<]*<\/code>/, "<code>…</code>") : "";
      return `${within.join(">")} ${node.type} ${detail}`;
    });
}

/** Text outside of code in which GitHub would find something to link. */
export const LINKED = /@\w|https?:|www\.|#\d|\bgh-\d|\b[0-9a-f]{7,40}\b|:\w+:|\$|<|\b[a-z]+-\d+\b/i;

/** Texts outside of code. */
export function looseText(text: string): readonly string[] {
  return [...markdownNodes(parsedMarkdown(text))].flatMap(({ node }) =>
    node.type === "text" ? [node.value ?? ""] : [],
  );
}
