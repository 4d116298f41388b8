import { isoTime } from "../../iso-time.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { End } from "./end.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

/**
 * When the identity ends that capstan itself uses. One that was issued for a week at most is made anew by a machine all
 * the time (a bot's, a job's): while it holds, its end is no news.
 */
export function identityEnd({ credentials }: ClusterObservation, now: number): readonly End[] {
  const { source, path, problem, notBefore, notAfter } = credentials;
  if (source === "ambient") return [];
  const subject = `identity/${path ?? ""}`;
  const remedy = "issue a new identity for capstan";
  if (notAfter === null) {
    return [
      { kind: "identity", subject, at: null, message: problem ?? "does not say when it expires", remedy },
    ];
  }
  const ends = Date.parse(notAfter);
  const isShort = notBefore !== undefined && ends - Date.parse(notBefore) <= WEEK_MS;
  if (isShort && ends > now) return [];
  return [
    {
      kind: "identity",
      subject,
      at: isoTime(ends),
      message: "is what capstan itself uses; it expires",
      remedy,
    },
  ];
}
