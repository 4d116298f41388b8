/**
 * The chapter of a release in CHANGELOG.md, without its heading: what the release says on the forge. Throws an `Error`
 * where there is no such chapter, or nothing in it.
 */
export function releaseNotes(changelog: string, version: string): string {
  const chapters = changelog.split(/^## /m).slice(1);
  const chapter = chapters.find((text) => text.split(/\s/, 1)[0] === version);
  if (chapter === undefined) throw new Error(`CHANGELOG.md has no chapter "## ${version}"`);
  const notes = chapter.slice(chapter.indexOf("\n") + 1).trim();
  if (notes === "") throw new Error(`CHANGELOG.md says nothing about ${version}`);
  return `${notes}\n`;
}
