import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";

/** A context as it stands in a talosconfig: base64 of PEM. */
export interface EncodedClient {
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** The file as it is edited, with its current context; or why it is left alone. */
export type Edited = { readonly text: string; readonly current: string | null } | { readonly flaw: string };

/**
 * Sets certificate and key of one context, and leaves every other byte of the file as it is: the other contexts, whose
 * keys exist nowhere else perhaps, comments, the order, and which context is the current one. A file that cannot be
 * read whole, or that would not read back as meant, is not edited: nothing is quoted of it, as its lines are keys.
 */
export function editTalosconfig(
  text: string,
  name: string,
  endpoints: readonly string[],
  client: EncodedClient,
): Edited {
  const document = parseDocument(text, { keepSourceTokens: true });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined)
    return { flaw: `line ${lineOf(text, error.pos[0])} is not YAML that can be read whole` };
  if (!isMap(document.contents)) return { flaw: "it is no talosconfig: it has no contexts" };
  const contexts = document.get("contexts", true);
  if (!isMap(contexts)) return { flaw: "it is no talosconfig: it has no contexts" };
  const before = contentOf(document);
  if (before === null) return { flaw: "its aliases cannot be followed" };
  const edited = edit(text, contexts as YAMLMap, name, endpoints, client);
  if (typeof edited !== "string") return edited;
  if (!isAsMeant(before, edited, name, endpoints, client))
    return { flaw: `its context ${JSON.stringify(name)} is written in a way that cannot be edited in place` };
  return { text: edited, current: typeof before.context === "string" ? before.context : null };
}

/** `null` where an alias leads nowhere, or to too much. */
function contentOf(document: Document.Parsed): { readonly context?: unknown } | null {
  try {
    return document.toJS();
  } catch {
    return null;
  }
}

function edit(
  text: string,
  contexts: YAMLMap,
  name: string,
  endpoints: readonly string[],
  client: EncodedClient,
): string | { readonly flaw: string } {
  const flaw = {
    flaw: `its context ${JSON.stringify(name)} is written in a way that cannot be edited in place`,
  };
  const range = contexts.range;
  if (range == null) return flaw;
  const pair = contexts.items.find(({ key }) => isScalar(key) && String(key.value) === name);
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  if (pair === undefined) {
    if (contexts.flow === true) {
      if (contexts.items.length > 0) return flaw;
      return `${text.slice(0, range[0])}${eol}${block(name, endpoints, client, "    ", eol).trimEnd()}${text.slice(range[1])}`;
    }
    const first = keyStart(contexts.items[0]);
    if (first === null) return flaw;
    const indent = " ".repeat(columnOf(text, first));
    const end = range[1];
    const head = text.slice(0, end);
    return `${head}${head.endsWith("\n") ? "" : eol}${block(name, endpoints, client, indent, eol)}${text.slice(end).replace(/^\r?\n/, "")}`;
  }
  const context = pair.value;
  if (!isMap(context) || context.flow === true || context.items.length === 0) return flaw;
  const changes: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  const added: string[] = [];
  const column = keyStart(context.items[0]);
  if (column === null || context.range == null) return flaw;
  const indent = " ".repeat(columnOf(text, column));
  for (const [field, value] of Object.entries(client)) {
    const present = context.items.find(({ key }) => isScalar(key) && key.value === field);
    if (present === undefined) {
      added.push(`${indent}${field}: ${value}${eol}`);
      continue;
    }
    const old = present.value;
    if (!isScalar(old) || old.range == null) return flaw;
    const [from, to] = old.range;
    // A block scalar ends behind its last line feed, which the next key needs.
    const tail = /(\r?\n)?$/.exec(text.slice(from, to))?.[0] ?? "";
    const head = text.slice(0, from).endsWith(":") ? " " : "";
    changes.push({ from, to, text: `${head}${value}${tail}` });
  }
  if (added.length > 0) {
    const end = context.range[1];
    const gap = text.slice(0, end).endsWith("\n") ? "" : eol;
    const more = gap === "" ? added.join("") : `${gap}${added.join("").replace(/\r?\n$/, "")}`;
    changes.push({ from: end, to: end, text: more });
  }
  return changes
    .toSorted((one, other) => other.from - one.from)
    .reduce((out, change) => out.slice(0, change.from) + change.text + out.slice(change.to), text);
}

function block(
  name: string,
  endpoints: readonly string[],
  client: EncodedClient,
  indent: string,
  eol: string,
): string {
  const quoted = /^[A-Za-z][\w.-]*$/.test(name) ? name : JSON.stringify(name);
  const lines = [
    `${indent}${quoted}:`,
    `${indent}    endpoints:`,
    ...endpoints.map((endpoint) => `${indent}        - ${JSON.stringify(endpoint)}`),
    ...Object.entries(client).map(([field, value]) => `${indent}    ${field}: ${value}`),
  ];
  return lines.map((line) => line + eol).join("");
}

/** What was there is there, but for the three values; and the comments, as all other bytes are. */
function isAsMeant(
  before: object,
  edited: string,
  name: string,
  endpoints: readonly string[],
  client: EncodedClient,
): boolean {
  const document = parseDocument(edited);
  if (document.errors.length > 0 || document.warnings.length > 0) return false;
  const { contexts, ...rest } = before as { readonly contexts: Readonly<Record<string, object | null>> };
  const known = Object.hasOwn(contexts, name) ? contexts[name] : { endpoints };
  const { ca, crt, key } = client;
  return isDeepStrictEqual(contentOf(document), {
    ...rest,
    contexts: { ...contexts, [name]: { ...known, ca, crt, key } },
  });
}

function keyStart(pair: Pair | undefined): number | null {
  const key = pair?.key;
  return isScalar(key) && key.range != null ? key.range[0] : null;
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf("\n", at - 1) + 1);
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
