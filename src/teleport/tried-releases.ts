import { noteOnRelease } from "../profile/tried-releases.ts";

/** Majors of which there is a recording or an emulated cluster: docs/versions.md, made from them by its test. */
export const TRIED_RELEASES = ["5", "11", "17", "18"] as const;

/** What a server of another major is told; `null` for those that were tried. */
export function untriedNote(server: string | null): string | null {
  return noteOnRelease(
    "Teleport",
    server,
    TRIED_RELEASES,
    (version) => /^v?(\d+)\./.exec(version)?.[1] ?? null,
  );
}
