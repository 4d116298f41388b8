import { noteOnRelease } from "../profile/tried-releases.ts";

/** Minors of which there is a recording or an emulated cluster: docs/versions.md, made from them by its test. */
export const TRIED_RELEASES = ["1.13", "1.14"] as const;

/** What machines of another minor are told; `null` for those that were tried. */
export function untriedNote(server: string | null): string | null {
  return noteOnRelease(
    "Talos",
    server,
    TRIED_RELEASES,
    (version) => /^v?(\d+\.\d+)\./.exec(version)?.[1] ?? null,
  );
}
