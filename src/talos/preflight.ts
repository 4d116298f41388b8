import { checkByGuard } from "../profile/preflight.ts";
import type { Preflight } from "../profile/profile.ts";
import { talosFacts } from "./facts.ts";

/** Every guard that would stand in the way of a first step, one line each. */
export const PREFLIGHT: Preflight = {
  type: "kubernetes",
  checks: (observation, verdicts) => {
    const { authorities, versions } = observation;
    const machines = talosFacts(observation)?.machines.length ?? 0;
    return [
      {
        name: "authorities",
        outcome: "pass",
        message: `${authorities.length} CAs can be read`,
        remedy: null,
      },
      ...verdicts
        // Before a rotation is declared there are no keys to be kept.
        .filter(({ id }) => id !== "backup" && id !== "phase-order" && id !== "exclusive")
        .map((verdict) =>
          checkByGuard(
            verdict.id,
            verdict,
            verdict.id === "version"
              ? `client ${versions.client}, cluster ${versions.server}`
              : `${machines} machines`,
          ),
        ),
    ];
  },
};
