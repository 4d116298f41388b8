import type { ClusterObservation } from "../profile/profile.ts";
import type { Fingerprint } from "../rotation/observation.ts";
import type { TalosType } from "./authority-types.ts";
import type { MachineType } from "./machine-config.ts";
import type { NodeState } from "./node-state.ts";

/** What guards need to know of a Talos cluster beside its CAs. Facts only, and no secret among them. */
export interface TalosFacts {
  /** The inventory of the cluster resource, each as it answered. */
  readonly machines: readonly TalosMachine[];
  /** What discovery lists; `null` when it could not be asked, empty where it is switched off. */
  readonly members: readonly TalosMember[] | null;
  /** Per CA that a rotation is declared for, or under way. */
  readonly keys: readonly KeyCustody[];
  readonly kubernetes: KubernetesFacts;
  /** Client files of the cluster resource that could not be written. Absent: nobody has looked. */
  readonly clientFiles?: readonly ClientFileProblem[];
}

/** A file of `spec.talos.clients`, and why capstan would not write it; nothing of it is quoted. */
export interface ClientFileProblem {
  readonly field: "talosconfig" | "kubeconfig";
  readonly problem: string;
}

/** A machine of the inventory, and what it answered. */
export interface TalosMachine {
  readonly address: string;
  /** What the inventory says that it is. */
  readonly machineType: MachineType;
  /** Why it did not answer, or what of its answer cannot be understood; everything else is unknown then. */
  readonly problem: string | null;
  readonly found: FoundMachine | null;
}

/** What a machine says of itself. */
export interface FoundMachine {
  readonly machineType: MachineType;
  readonly nodeId: string | null;
  readonly version: string | null;
  /** Its clock against the one of this machine; `null` when it did not say. */
  readonly clockAheadMs: number | null;
  readonly timeSynced: boolean | null;
  /**
   * Whether the active configuration is the one on disk. `ours`: they differ by nothing but a swap that capstan tries
   * out and did not confirm.
   */
  readonly pending: "none" | "ours" | "other" | "unknown";
  readonly states: Readonly<Record<TalosType, NodeState>>;
  /** Accepted CAs of no rotation. */
  readonly foreign: Readonly<Record<TalosType, readonly Fingerprint[]>>;
  /**
   * By CA that a rotation is declared for: what of its configuration cannot be edited for it, as tried on a copy; `null`
   * when every edit, and its way back, can be made. Absent: nobody has tried.
   */
  readonly edits?: Readonly<Partial<Record<TalosType, Uneditable | null>>>;
  /** CAs that are listed twice, or accepted although they sign. */
  readonly duplicates: readonly TalosType[];
  /** Managed by Omni, which rotates by itself. */
  readonly omni: boolean;
}

/** A line of a machine configuration that stands in the way. Nothing of it is quoted. */
export interface Uneditable {
  readonly line: number;
  readonly what: string;
  readonly remedy: string;
}

/** A member as discovery lists it (`talosctl get members`). */
export interface TalosMember {
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly nodeId: string;
}

/** Whether the private keys of a rotation are where they have to be; `null` means that all is well. */
export interface KeyCustody {
  readonly authority: TalosType;
  /** Why the next key cannot be used. */
  readonly next: string | null;
  /** Why the old key could not be brought back; a step that would lose it must not be taken then. */
  readonly old: string | null;
}

/** What kubectl says. */
export type KubernetesFacts =
  | {
      readonly state: "read";
      /** Nodes and control-plane pods that are not Ready, as `node/worker-1`. */
      readonly notReady: readonly string[];
      /** API servers of control planes that do not answer at their own address; absent: nobody has asked them. */
      readonly silent?: readonly { readonly server: string; readonly problem: string }[];
      /** Names of the Kubernetes nodes. */
      readonly nodes: readonly string[];
    }
  | { readonly state: "unread"; readonly problem: string };

/**
 * The facts of an observation of a Talos cluster, `undefined` where nobody looked for any. Only the observer of this
 * platform makes them, and files of observations are read with the profile that their platform names.
 */
export function talosFacts({ facts }: Pick<ClusterObservation, "facts">): TalosFacts | undefined {
  return facts as TalosFacts | undefined;
}
