import type { Apid } from "./apid.ts";
import type { PemPair } from "./certificates.ts";
import type { ConfigStore } from "./config-store.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Kubelet } from "./kubelet.ts";
import type { DiscoveredMember, MachineContext } from "./machine-types.ts";

/** What a machine is made of, as its resources and its API show it. */
export interface MachineParts extends MachineContext {
  readonly nodeId: string;
  readonly store: ConfigStore;
  readonly apid: Apid;
  readonly kubelet: Kubelet;
  /** `null` on a worker. */
  readonly controlPlane: ControlPlane | null;
  /** `null` on a worker, and before it was made. */
  readonly trustdCertificate: PemPair | null;
  readonly members: () => readonly DiscoveredMember[];
  readonly isKubernetesReady: () => boolean;
  uptimeMs(): number;
}
