import type { Clock } from "../clock.ts";
import type { RowLife } from "./presence.ts";
import type { PlayedRelease, ReleaseFacts } from "./release.ts";

export interface ClusterOptions {
  readonly name: string;
  readonly release: PlayedRelease;
  /** Every lag of the real thing is divided by this. */
  readonly speed: number;
  /** Its place in a pair of clusters: a leaf trusts a root. */
  readonly place: "alone" | "root" | "leaf";
  readonly authServers: number;
  /** Every auth server holds keys of its own, in an HSM. */
  readonly hsm: boolean;
  /** SSH nodes, the one on the auth server's host included. */
  readonly nodes: number;
  /** Addresses of OpenSSH servers that it knows without an agent, `HOST:PORT`. */
  readonly agentless: readonly string[];
  /** How long its rows live, and how often they are renewed. */
  readonly rowLife: RowLife;
  /** How far its clock is ahead of the one of this machine. */
  readonly clockAheadMs: number;
  /** The proxies serve an AWS OIDC integration. */
  readonly awsOidc: boolean;
  /** Processes beyond this number have no port and no certificate of their own. */
  readonly endpoints: number;
  readonly seed: number;
  readonly clock: Clock;
}

/** An OpenSSH server: a row that somebody wrote, with nobody behind it who follows or reports. */
export interface AgentlessNode {
  readonly id: string;
  readonly hostname: string;
  readonly address: string;
}

/** What was asked for, and what is known of that release; the former counts where both say something. */
export type Settings = ClusterOptions & ReleaseFacts;

/** What a cluster may be told to be. */
export type WantedCluster = Partial<ClusterOptions & Pick<ReleaseFacts, "emptyListing">>;
