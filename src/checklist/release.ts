import type { Release } from "./step.ts";

/**
 * Numbers of a version; what follows a `-` or `+` is ignored, so that a pre-release counts as its release:
 * it has the change already. `null` for what is no version.
 */
function parseVersion(text: string): readonly [number, number, number] | null {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?$/.exec(text.trim());
  if (match === null) return null;
  return [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
}

/** Whether `version` has what came with `release`; `null` when the version cannot be read. */
export function hasRelease(version: string, { release, backports = [] }: Release): boolean | null {
  const live = parseVersion(version);
  if (live === null) return null;
  return (
    isAtLeast(live, release) ||
    backports.some((backport) => parseVersion(backport)?.[0] === live[0] && isAtLeast(live, backport))
  );
}

function isAtLeast(live: readonly [number, number, number], release: string): boolean {
  const wanted = parseVersion(release) ?? [0, 0, 0];
  for (const place of [0, 1, 2] as const) {
    if (live[place] !== wanted[place]) return live[place] > wanted[place];
  }
  return true;
}
