import { isoTime } from "../../iso-time.ts";
import type { ClusterObservation, OverrideEnd } from "../../profile/profile.ts";
import type { End } from "./end.ts";

/** When what stands in for the certificates of a CA ends. `reading`: by the profile; `undefined` where there is none. */
export function overriddenEnds({ profile }: ClusterObservation, reading: unknown): readonly End[] {
  return reading === undefined ? [] : (profile.overrides?.ends(reading) ?? []).map(endOf);
}

function endOf({ authority, subject, what, notAfter }: OverrideEnd): End {
  const at = isoTime(Date.parse(notAfter));
  switch (what) {
    case "certificate":
      return {
        kind: "override",
        subject,
        at,
        message: `stands in for the certificate of ${authority}, and ends`,
        remedy: `\`capstan override csr ${authority}\`, have it signed, \`capstan override renew\``,
      };
    case "revocation-list":
      return {
        kind: "revocation_list",
        subject,
        at,
        message: "its revocation list ends; without one the certificate cannot be changed",
        remedy: `have the override of ${authority} renewed, which brings a new list`,
      };
  }
}
