/**
 * The first line of everything that capstan writes on a forge: a comment that nobody sees, by which the next run
 * finds it again, whatever people have done to the text below.
 *
 *     <!-- capstan {"v":1,"kind":"plan","scope":"prod","commit":"…"} -->
 */
export interface Marker {
  readonly v: 1;
  readonly kind: "plan" | "drift";
  /** One comment per scope, one issue per cluster. */
  readonly scope: string;
  readonly commit: string | null;
  readonly fingerprint: string | null;
  readonly state: "current" | "superseded" | "applied";
}

const LINE = /^<!-- capstan (\{.*\}) -->\r?\n/;

/** The line, with its line feed. */
export function writeMarker(marker: Marker): string {
  // A scope may be called anything: nothing in it may end the comment.
  const json = JSON.stringify(marker).replace(
    /[<>]|-(?=-)/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `<!-- capstan ${json} -->\n`;
}

/** Only at the very beginning, where nothing that a cluster says can stand. */
export function readMarker(body: string): Marker | null {
  const json = LINE.exec(body)?.[1];
  if (json === undefined) return null;
  try {
    const value = JSON.parse(json) as Partial<Marker>;
    const known = value.v === 1 && (value.kind === "plan" || value.kind === "drift");
    return known && typeof value.scope === "string" ? (value as Marker) : null;
  } catch {
    return null;
  }
}

/** What stands below the marker. */
export function withoutMarker(body: string): string {
  return body.replace(LINE, "");
}
