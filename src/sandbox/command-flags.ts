import { Failure } from "../failure.ts";
import type { Flags, ValuesOf } from "../flag.ts";
import { TALOS_FAULTS, TELEPORT_FAULTS } from "./faults.ts";
import { parseGoDuration } from "./go-duration.ts";
import type { UpOptions } from "./spawn-daemon.ts";
import { TALOS_MINORS } from "./talos/dialect.ts";
import { RELEASES } from "./teleport/release.ts";

/** What an authority of the other platform has. */
const TELEPORT_ONLY = [
  "teleport",
  "nodes",
  "authServers",
  "hsm",
  "agentless",
  "emptyLists",
  "leaf",
  "rowLife",
  "announce",
  "clockAhead",
  "awsOidc",
] as const;
const NOT_FOR_TALOS = ["teleport", "leaf", "hsm"] as const;

/** The flags of `capstan sandbox up`: which cluster it plays. */
export const UP_FLAGS = {
  speed: { value: "n", of: "count", says: "how many times faster than life", default: "10" },
  nodes: { value: "n", of: "count", says: "SSH nodes", default: "4" },
  authServers: { value: "n", of: "count", says: "auth servers", default: "1" },
  hsm: { says: "every auth server holds keys of its own" },
  agentless: {
    value: "host:port",
    repeatable: "value",
    says: "OpenSSH servers that it knows without an agent",
  },
  emptyLists: {
    value: "json",
    says: "how tctl prints nothing (default: as the release does)",
    choices: ["[]", "null"],
  },
  rowLife: { value: "duration", says: "how long rows of components live (default: 10m)" },
  announce: { value: "duration", says: "how often they are renewed (default: half their life)" },
  clockAhead: { value: "duration", says: "how far its clock is ahead of this machine's; -7m: behind" },
  awsOidc: { says: "its proxies serve an AWS OIDC integration" },
  leaf: { says: "a second cluster that trusts the first" },
  teleport: { value: "version", says: "which Teleport it plays", choices: RELEASES, default: "18" },
  talos: {
    value: "version",
    says: "a Talos cluster instead, and which Talos it plays",
    choices: TALOS_MINORS,
    conflicts: TELEPORT_ONLY,
  },
  controlPlanes: {
    value: "n",
    of: "count",
    says: "control planes (default: 3)",
    conflicts: NOT_FOR_TALOS,
  },
  workers: { value: "n", of: "count", says: "workers (default: 2)", conflicts: NOT_FOR_TALOS },
} as const satisfies Flags;

/** What is to be brought up, from what was typed. Throws a `Failure` where the flags do not go together. */
export function upOptions(dir: string, typed: ValuesOf<typeof UP_FLAGS>): UpOptions {
  const { speed, talos, controlPlanes, workers, emptyLists, leaf = false, hsm = false } = typed;
  if (talos !== undefined)
    return { dir, talos, controlPlanes: controlPlanes ?? 3, workers: workers ?? 2, speed };
  if ((controlPlanes ?? workers) !== undefined) {
    throw new Failure("usage", "--control-planes and --workers are for a Talos cluster", {
      hint: "say which Talos it plays: --talos 1.13 or --talos 1.14",
    });
  }
  const { teleport, nodes, authServers, agentless = [], awsOidc = false } = typed;
  const rowLifeMs = durationOf("--row-life", typed.rowLife);
  const announceMs = durationOf("--announce", typed.announce);
  const clockAheadMs = durationOf("--clock-ahead", typed.clockAhead);
  return {
    ...{ dir, teleport, speed, nodes, leaf, authServers, hsm, agentless, awsOidc },
    ...(emptyLists === undefined ? {} : { emptyListing: emptyLists }),
    ...(rowLifeMs === undefined ? {} : { rowLifeMs }),
    ...(announceMs === undefined ? {} : { announceMs }),
    ...(clockAheadMs === undefined ? {} : { clockAheadMs }),
  };
}

function durationOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseGoDuration(text);
  if (ms === null) {
    throw new Failure("usage", `${flag} "${text}" is no duration`, { hint: "as in 90s, 2m or 1h30m" });
  }
  return ms;
}

/** What `capstan sandbox fault` breaks, and how. */
export const FAULT_ARGUMENTS = [
  { name: "target", says: "a component (node2), an executable (tctl), leaf, or all" },
  { name: "fault", says: "see below" },
] as const;

/** The flags of `capstan sandbox fault`: for how long, and which calls. */
export const FAULT_FLAGS = {
  for: { value: "duration", says: "ends by itself after this time" },
  times: { value: "n", of: "count", says: "executables: how many calls it hits (default: 1)" },
  match: { value: "word", says: "executables: only calls with this word among their arguments" },
  expired: { says: "offline: its row vanishes from the listing at once" },
} as const satisfies Flags;

/** Below the flags of `capstan sandbox fault`: what can be broken. */
export const FAULT_HELP: readonly string[] = [
  "",
  "Faults of Teleport:",
  ...TELEPORT_FAULTS.flatMap(({ name, description }) => [`  ${name}`, `      ${description}`]),
  "",
  "Faults of Talos, of a machine (worker-1, an address) or of calls to it:",
  ...TALOS_FAULTS.flatMap(({ name, description }) => [`  ${name}`, `      ${description}`]),
  "",
  "Of both:",
  "  clear",
  "      ends them",
];
