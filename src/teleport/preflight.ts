import { type Check, checkByGuard } from "../profile/preflight.ts";
import type { ClusterObservation, Preflight } from "../profile/profile.ts";
import { PRESENCE } from "./component-kinds.ts";

/** A row that was announced later than this in our future means that the clocks differ. */
const CLOCK_TOLERANCE_MS = 60_000;

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
          : `${credentials.path}, until ${credentials.notAfter}`,
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

/** The server's clock shows only in what it stamps: no row can have been announced in the future. */
function clock({ components }: ClusterObservation, now: number): Check {
  const announced = components.flatMap(({ expires }) =>
    expires === null ? [] : [Date.parse(expires) - PRESENCE.lifeMs],
  );
  if (announced.length === 0) {
    return {
      name: "clock",
      outcome: "unknown",
      message: "nothing to compare with",
      remedy: "compare by hand",
    };
  }
  const aheadMs = announced.reduce((latest, time) => Math.max(latest, time), 0) - now;
  if (aheadMs <= CLOCK_TOLERANCE_MS) {
    return { name: "clock", outcome: "pass", message: "not behind the cluster's", remedy: null };
  }
  return {
    name: "clock",
    outcome: "fail",
    message: `is ${Math.round(aheadMs / 1000)} s behind the cluster's`,
    remedy: "synchronise the clock of this machine; ages and deadlines would be wrong",
  };
}
