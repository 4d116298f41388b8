/**
 * What is to be said of a server whose release nobody has tried: `null` where it was, or where the version cannot be read,
 * which the guard `version` says. `releaseOf` cuts a version down to what counts as one release there (`18`, `1.13`).
 */
export function noteOnRelease(
  title: string,
  version: string | null,
  tried: readonly string[],
  releaseOf: (version: string) => string | null,
): string | null {
  const release = version === null ? null : releaseOf(version);
  if (release === null || tried.includes(release)) return null;
  const list = `${tried.slice(0, -1).join(", ")} and ${tried.at(-1)}`;
  return `capstan was tried against ${title} ${list}, and not against ${release}: try it on the sandbox's nearest release, and look twice`;
}
