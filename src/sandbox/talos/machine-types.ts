import type { FaultName } from "../faults.ts";
import type { PemPair } from "./certificates.ts";
import type { TalosDialect } from "./dialect.ts";
import type { Network } from "./network.ts";
import type { Pace } from "./pace.ts";

/** What the parts of a machine share. */
export interface MachineContext {
  readonly name: string;
  readonly address: string;
  readonly isControlPlane: boolean;
  readonly dialect: TalosDialect;
  readonly network: Network;
  readonly pace: Pace;
  /** In [0, 1). */
  readonly random: () => number;
  readonly vip: string;
  /** The machine's clock. */
  now(): number;
  /** Whether a fault is on. */
  has(fault: MachineFault): boolean;
  /** Cluster seconds, longer when the machine is slow. */
  seconds(normally: number): number;
}

/** Conditions that a fault puts a machine into until it is cleared. */
export type MachineFault = FaultName<"talos", "component">;

/** What apid really uses, as opposed to what the configuration says (TA 2.3). */
export interface ApiCertificates {
  readonly server: PemPair;
  /** The impersonator; workers have none. */
  readonly client: PemPair | null;
  /** One per CA on control planes; on workers a single bundle, as it came from trustd. */
  readonly accepted: readonly string[];
}

/** One row of the list of members. */
export interface DiscoveredMember {
  readonly addresses: readonly string[];
  readonly controlPlane?: { readonly port: number };
  readonly hostname: string;
  readonly machineType: string;
  readonly nodeId: string;
  readonly operatingSystem: string;
}
