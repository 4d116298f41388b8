import { between, type Random } from "../clock.ts";
import type { AgentSpec } from "./agent.ts";
import type { ComponentRole } from "./component-role.ts";
import type { ReloadEffects } from "./presence.ts";
import type { TctlDialect } from "./rotation-machine.ts";

/** Cluster time, in milliseconds. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** From a write of the host CA until a process has followed (recordings: 3 to 15 s). */
const FOLLOW_LAG: Range = { from: 2600, to: 9000 };
/** The process that runs the auth server is the slowest. */
const AUTH_FOLLOW_LAG: Range = { from: 9500, to: 14_500 };

/** Release 11: whoever talks to the auth server itself; now and then one takes as long as `LATE`. */
const DIRECT_LAG_11: Range = { from: 2200, to: 7000 };
const LATE_LAG_11: Range = { from: 9000, to: 12_500 };
/** Whoever comes through the proxy follows a little later, but for update_servers, when the proxy reloads too. */
const TUNNEL_LAG_11: Range = { from: 5000, to: 9000 };
const TUNNEL_LAG_WHILE_PROXIES_RELOAD_11: Range = { from: 62_000, to: 75_000 };

const BEHIND_THE_PROXY: readonly ComponentRole[] = [
  "app_server",
  "db_server",
  "kube_server",
  "windows_desktop_service",
];

/** How long a process takes to follow the host CA to a phase. */
export function followLagMs(
  dialect: TctlDialect,
  { roles }: Pick<AgentSpec, "roles">,
  phase: string,
  random: Random,
): number {
  const { from, to } = rangeOf(dialect, roles, phase, random);
  return between(random, from, to);
}

function rangeOf(
  dialect: TctlDialect,
  roles: readonly ComponentRole[],
  phase: string,
  random: Random,
): Range {
  if (dialect !== "v11") return roles.includes("auth_server") ? AUTH_FOLLOW_LAG : FOLLOW_LAG;
  if (isBehindTheProxy(roles)) {
    return phase === "update_servers" ? TUNNEL_LAG_WHILE_PROXIES_RELOAD_11 : TUNNEL_LAG_11;
  }
  return random() < 0.1 ? LATE_LAG_11 : DIRECT_LAG_11;
}

function isBehindTheProxy(roles: readonly ComponentRole[]): boolean {
  return roles.some((role) => BEHIND_THE_PROXY.includes(role));
}

/**
 * What a reload does to a process's rows. Release 11 restarts its processes inside, with a generation of before and one
 * of after that both announce themselves; what was recorded of it is drawn at random. Others show nothing of it.
 */
export function drawReloadEffects(
  dialect: TctlDialect,
  { roles }: Pick<AgentSpec, "roles">,
  random: Random,
): ReloadEffects | null {
  if (dialect !== "v11") return null;
  const hides = isBehindTheProxy(roles) && random() < 0.8;
  const isNode = roles.length === 1 && roles[0] === "node";
  return {
    hidden: hides ? { afterMs: between(random, 1500, 4000), forMs: between(random, 115_000, 190_000) } : null,
    emptyForMs: isNode && random() < 0.12 ? between(random, 20_000, 65_000) : 0,
    reconnectsMs: between(random, 500, 4000),
  };
}

/** How long calls may find nobody while the auth server reloads, and how likely one is to (once in some twenty). */
export const AUTH_RELOAD_MS: Range = { from: 500, to: 1800 };
export const CALL_FAILS_WHILE_RELOADING = 0.3;
