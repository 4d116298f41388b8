import { checkByGuard } from "../profile/preflight.ts";
import type { Preflight } from "../profile/profile.ts";
import { talosFacts } from "./facts.ts";

const TYPE = "kubernetes";

/** Every guard that would stand in the way of a first step, one line each. */
export const PREFLIGHT: Preflight = {
  type: TYPE,
  checks: (observation, verdicts) => {
    const { authorities, versions } = observation;
    const talos = talosFacts(observation);
    const machines = talos?.machines.length ?? 0;
    const declared = talos?.keys.some(({ authority }) => authority === TYPE) ?? false;
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
        // What the CA to come makes of a configuration is tried once there is one.
        .filter(({ id }) => id !== "config-edits" || declared)
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
