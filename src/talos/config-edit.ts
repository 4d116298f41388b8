import { isDeepStrictEqual } from "node:util";
import type { TalosType } from "./authority-types.ts";
import { acceptedEdits } from "./edit/accepted-edits.ts";
import { insistOnPlace } from "./edit/insist-on-place.ts";
import { issuingEdits, type WrittenContent } from "./edit/issuing-edits.ts";
import { spanOf, type TextEdit } from "./edit/source-text.ts";
import { EditProblem, lineOf } from "./edit-problem.ts";
import {
  authorityIn,
  type ConfigDocument,
  issuingKeyIn,
  NAMES,
  type Place,
  parseDocuments,
  placeOf,
} from "./machine-config.ts";
import { says } from "./node-state.ts";

/**
 * The configuration with another content of one CA. It is edited as text, so that no other byte of it changes:
 * comments, quoting, order and every other document stay as they are (reference talos-rotation 8.4, 8). Throws an
 * `EditProblem` for a spelling with which that cannot be done.
 */
export function withAuthority(text: string, type: TalosType, content: WrittenContent): string {
  return editAuthority({ text, documents: parseDocuments(text) }, type, content).text;
}

/** A configuration as text, and understood. */
export interface ParsedConfig {
  readonly text: string;
  readonly documents: readonly ConfigDocument[];
}

/** The same for one edit after the other, each of which is parsed once. */
export function editAuthority(before: ParsedConfig, type: TalosType, content: WrittenContent): ParsedConfig {
  const { text } = before;
  const place = placeOf(before.documents, type);
  insistOnPlace(text, place);
  const edits = [...issuingEdits(text, place, content), ...acceptedEdits(text, place, content)];
  return edits.length === 0 ? before : understood(before, splice(text, edits), type, content);
}

function splice(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.toSorted((left, right) => right.start - left.start || right.end - left.end);
  return ordered.reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  );
}

/** The text was cut by offsets: the CA must read as it should, and everything else as before. */
function understood(
  before: ParsedConfig,
  text: string,
  type: TalosType,
  content: WrittenContent,
): ParsedConfig {
  const place = placeOf(before.documents, type);
  const failed = (cause?: unknown) => {
    const line = lineOf(before.text, spanOf(place.map)[0]);
    const problem = new EditProblem(
      line,
      `spells the ${type} CA in a way that cannot be edited without touching something else`,
      "write it the way `talosctl gen config` does",
    );
    problem.cause = cause;
    return problem;
  };
  try {
    const documents = parseDocuments(text);
    const then = placeOf(documents, type);
    const isRight =
      says(authorityIn(then), content) && (content.key === null || issuingKeyIn(then) === content.key);
    if (isRight && isDeepStrictEqual(rest(before.documents, place), rest(documents, then)))
      return { text, documents };
  } catch (cause) {
    throw failed(cause);
  }
  throw failed();
}

/** Everything but the CA. */
function rest(
  documents: readonly ConfigDocument[],
  { document, layout, section }: Place,
): readonly unknown[] {
  const names = NAMES[layout];
  return documents.map((one) => {
    const value = one.toJS() as Tree | null;
    if (one !== document || value === null) return value;
    const holder = section === null ? value : (value[section] as Tree);
    const { [names.accepted]: _, [names.issuing]: issuing, ...others } = holder;
    const { [names.certificate]: _certificate, key: _key, ...own } = (issuing ?? {}) as Tree;
    return [section === null ? null : { ...value, [section]: null }, others, issuing === undefined, own];
  });
}

interface Tree {
  readonly [key: string]: unknown;
}
