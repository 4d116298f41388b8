import type { PlatformClock } from "../profile/clock.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Edge } from "../rotation/phase.ts";

/** The server's own walk, in three equal parts of the grace period (reference teleport-rotation 1.7). */
export const CLOCK: PlatformClock = {
  next,
  nextAt,
  takeOver: (type, phase) =>
    `\`tctl auth rotate --manual --type=${type} --phase=…\`, the phase after ${phase}`,
  warning:
    "Teleport moves it by its own clock and looks at no component; capstan watches while `apply` or `reconcile` runs, and nobody else does",
};

function next({ rotation }: LiveAuthority): Edge | null {
  if (rotation.mode !== "auto" || rotation.state !== "in_progress") return null;
  switch (rotation.phase) {
    case "init":
      return { from: "init", to: "update_clients" };
    case "update_clients":
      return { from: "update_clients", to: "update_servers" };
    case "update_servers":
      return { from: "update_servers", to: "standby" };
    case "rollback":
    case "standby":
      return null;
  }
}

function nextAt(live: LiveAuthority): number | null {
  const { schedule } = live.rotation;
  const to = next(live)?.to;
  if (schedule === null || to === undefined || to === "init" || to === "rollback") return null;
  return Date.parse(schedule[to]);
}
