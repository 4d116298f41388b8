/** What people read, without the breaks of lines: where these are depends on the width. */
export function flat(printed: string): string {
  return printed.replaceAll(/\s+/g, " ");
}
