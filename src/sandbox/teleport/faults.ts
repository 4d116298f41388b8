import type { FaultDescription } from "../platform.ts";

/** Everything that can be broken on purpose, as `capstan sandbox fault --help` lists it. */
export const TELEPORT_FAULTS = [
  {
    name: "offline",
    scope: "component",
    description: "stops: no heartbeat, port closed; its row expires later, --expired: now",
  },
  { name: "slow", scope: "component", description: "follows the host CA six times slower" },
  { name: "stuck", scope: "component", description: "stays alive and announces itself, but never follows" },
  {
    name: "lying",
    scope: "component",
    description: "reports every phase at once, but keeps the certificates it has",
  },
  {
    name: "flapping",
    scope: "component",
    description: "goes offline and comes back, every 20 s of cluster time",
  },
  {
    name: "rejoin",
    scope: "component",
    description: "the cure: wipes its state and joins anew, as after `out of sync`",
  },
  {
    name: "error-after-success",
    scope: "call",
    description: "does what was asked, then fails with the error of doing it twice",
  },
  { name: "timeout", scope: "call", description: "hangs without doing anything, until the caller gives up" },
  { name: "timeout-after-success", scope: "call", description: "does what was asked, then hangs" },
  { name: "truncated", scope: "call", description: "prints the first half of its output and exits 0" },
  { name: "denied", scope: "call", description: "access denied (RBAC); nothing is done" },
  {
    name: "expired-credentials",
    scope: "call",
    description: "the credentials have expired; nothing is done",
  },
  { name: "unreachable", scope: "call", description: "cannot connect to the auth server" },
  { name: "alert", scope: "call", description: "succeeds, and prints a cluster alert to stderr" },
  {
    name: "stale",
    scope: "call",
    description: "listings keep showing the CAs of now, for 30 s of cluster time or --for",
  },
] as const satisfies readonly FaultDescription[];

export type ComponentFault = Extract<(typeof TELEPORT_FAULTS)[number], { scope: "component" }>["name"];
export type CallFault = Extract<(typeof TELEPORT_FAULTS)[number], { scope: "call" }>["name"];

export function teleportFault(name: string): (typeof TELEPORT_FAULTS)[number] | undefined {
  return TELEPORT_FAULTS.find((fault) => fault.name === name);
}
