/** Text in a cell of a table: one line, and nothing in it ends the cell or begins HTML. */
export function cell(text: string): string {
  return text.replaceAll("\n", " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
