import { type Check, checkByGuard } from "../profile/preflight.ts";
import type { ClusterObservation, Preflight } from "../profile/profile.ts";
import { listedOfKind } from "../rotation/component-table.ts";
import { writtenDate } from "../written-date.ts";
import { clockNote } from "./clock-note.ts";

/** Versions, credentials, permissions and the clock. */
export const PREFLIGHT: Preflight = {
  type: "host",
  checks: (observation, verdicts, now) => {
    const { versions, authorities, components, credentials, unread } = observation;
    const guard = (id: string) => verdicts.find((verdict) => verdict.id === id);
    return [
      {
        name: "authorities",
        outcome: "pass",
        message: `${authorities.length} CAs can be read`,
        remedy: null,
      },
      checkByGuard(
        "version",
        guard("version"),
        `client ${versions.client}, cluster ${versions.server ?? "unknown"}`,
      ),
      checkByGuard(
        "credentials",
        guard("credentials"),
        credentials.source === "ambient"
          ? "what the executable finds by itself"
          : `${credentials.path}, until ${credentials.notAfter === null ? "nobody knows when" : writtenDate(credentials.notAfter)}`,
      ),
      unread.length === 0
        ? {
            name: "permissions",
            outcome: "pass",
            message: `${components.length} components can be read`,
            remedy: null,
          }
        : {
            name: "permissions",
            outcome: "unknown",
            message: unread.map(({ what, problem }) => `${what}: ${problem}`).join("; "),
            remedy: "give capstan's role `list` and `read` on these kinds, with wildcard labels",
          },
      clock(observation, now),
    ];
  },
};

/** The server's clock shows only in what it stamps; an auth server that has just answered stamped a row not long ago. */
function clock({ components }: ClusterObservation, now: number): Check {
  const rows = listedOfKind(components, "auth_server").filter(({ expires }) => expires !== null);
  if (rows.length === 0) {
    return {
      name: "clock",
      outcome: "unknown",
      message: "nothing to compare with",
      remedy: "compare by hand",
    };
  }
  const off = clockNote(rows, now);
  if (off === null) {
    return { name: "clock", outcome: "pass", message: "nothing shows that it is off", remedy: null };
  }
  return {
    name: "clock",
    outcome: "unknown",
    message: off,
    remedy: "synchronise the clock of this machine: deadlines and windows would be wrong",
  };
}
