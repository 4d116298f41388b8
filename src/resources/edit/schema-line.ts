/**
 * The line by which an editor finds the schema of a document: every document of a file needs its own, as
 * yaml-language-server looks at what stands before a document, and not before the file.
 */
export function schemaLine(schema: string): string {
  return ` yaml-language-server: $schema=${schema}`;
}

/** The schema that the first document of a text names; `null` without such a line. */
export function schemaOf(text: string): string | null {
  return /^# yaml-language-server: \$schema=(\S+)/m.exec(text)?.[1] ?? null;
}
