import { appendFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Clock } from "./clock.ts";
import type { EmulatedPlatform } from "./emulated-platform.ts";
import { AUDIT_LOG } from "./folder.ts";
import { type Served, serve } from "./serve.ts";
import { type RowLife, USUAL_ROW_LIFE } from "./teleport/presence.ts";
import type { PlayedRelease } from "./teleport/release.ts";
import { TeleportPlatform } from "./teleport/teleport-platform.ts";
import { TrustLink } from "./teleport/trust-link.ts";

export interface SandboxOptions {
  readonly dir: string;
  /** Which Teleport to be: its output shapes, texts and quirks. */
  readonly teleport?: PlayedRelease;
  /** Every lag of the real thing is divided by this. */
  readonly speed?: number;
  readonly nodes?: number;
  readonly authServers?: number;
  /** Every auth server holds keys of its own, in an HSM. */
  readonly hsm?: boolean;
  /** Addresses of OpenSSH servers without an agent, `HOST:PORT`. */
  readonly agentless?: readonly string[];
  /** What a JSON listing of nothing is. */
  readonly emptyListing?: "[]" | "null";
  /** How long its rows live, and how often they are renewed, in cluster time. */
  readonly rowLifeMs?: number;
  readonly announceMs?: number;
  /** How far its clock is ahead of the one of this machine; negative: behind. */
  readonly clockAheadMs?: number;
  /** The proxies serve an AWS OIDC integration. */
  readonly awsOidc?: boolean;
  /** A second cluster that trusts the first. */
  readonly leaf?: boolean;
  /** Repeats the lags of an earlier run. */
  readonly seed?: number;
}

export interface RunningSandbox extends Served {
  readonly teleport: TeleportPlatform;
}

/** Renewed twice in a life, as usual, unless told otherwise. */
function rowLifeOf(lifeMs: number | undefined, announceMs: number | undefined): RowLife {
  if (lifeMs === undefined && announceMs === undefined) return USUAL_ROW_LIFE;
  const life = lifeMs ?? USUAL_ROW_LIFE.lifeMs;
  return { lifeMs: life, announceMs: announceMs ?? life / 2, exact: true };
}

const LEAF = { name: "leaf.acme.cluster", place: "leaf", nodes: 2 } as const;

/**
 * Brings a Teleport sandbox up inside this process: the daemon does this and little else, and tests do it too.
 * `onEnd` is called when it was told to stop, or its folder has gone.
 */
export async function startSandbox(
  options: SandboxOptions & { readonly clock?: Clock; readonly endpoints?: number },
  onEnd: () => void = () => {},
): Promise<RunningSandbox> {
  const dir = resolve(options.dir);
  const {
    teleport: release = "18",
    speed = 1,
    nodes = 4,
    seed,
    clock,
    endpoints,
    leaf: hasLeaf = false,
    authServers = 1,
    hsm = false,
    agentless = [],
    emptyListing,
    rowLifeMs,
    announceMs,
    clockAheadMs = 0,
    awsOidc = false,
  } = options;
  const common = {
    release,
    speed,
    clockAheadMs,
    rowLife: rowLifeOf(rowLifeMs, announceMs),
    ...(emptyListing === undefined ? {} : { emptyListing }),
    ...(seed === undefined ? {} : { seed }),
    ...(clock === undefined ? {} : { clock }),
    ...(endpoints === undefined ? {} : { endpoints }),
  };
  const place = hasLeaf ? "root" : "alone";
  const teleport = await TeleportPlatform.start({
    ...common,
    ...{ nodes, place, authServers, hsm, agentless, awsOidc },
  });
  const platforms: EmulatedPlatform[] = [teleport];
  if (hasLeaf) {
    const leaf = await TeleportPlatform.start({ ...common, ...LEAF });
    new TrustLink(teleport.world, leaf.world);
    platforms.push(leaf);
  }
  const served = await serve({ dir, speed, platforms }, onEnd);
  // As the file backend of the real one has it: a line of JSON for each event.
  teleport.world.audit = (event) => appendFileSync(join(dir, AUDIT_LOG), `${JSON.stringify(event)}\n`);
  return { ...served, teleport };
}
