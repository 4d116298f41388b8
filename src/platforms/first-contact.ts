import type { ValuesOf } from "../flag.ts";
import type { Runner } from "../process/runner.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import type { INIT_FLAGS } from "./init-flags.ts";

/** What was typed behind `capstan init` that says which cluster is meant. */
export type ContactFlags = ValuesOf<typeof INIT_FLAGS> & { readonly cluster?: string };

/** What first contact needs of the world. */
export interface ContactRim {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; paths that were typed start here. */
  readonly cwd: string;
  /** Absolute path of the folder of resources. */
  readonly folder: string;
  readonly runner: Runner;
}

/** A cluster as its resource will have it, but for what is the same on every platform. */
export type FoundCluster = Omit<ClusterResource, "source" | "peers" | "policy">;

/** How `capstan init` gets from flags, or from a sandbox, to a cluster that git does not know yet. */
export interface FirstContact {
  /** The flags that a person types, but for the cluster's name. */
  readonly typicalFlags: string;
  /** Whether the flags are about a cluster of this platform. */
  isMeant(flags: Omit<ContactFlags, "cluster">): boolean;
  /** What is written down of it: discovered where the platform can tell. Throws a `Failure` where it does not answer. */
  fromFlags(flags: ContactFlags, rim: ContactRim): Promise<FoundCluster>;
  /** `field` is the connection as the sandbox's own `cluster` resource would have it. */
  fromSandbox(name: string, field: unknown, folder: string): FoundCluster;
  /** Users have sessions, which outlive a phase. */
  readonly hasSessions: boolean;
  /** The same cluster with paths and variables as they are to be written, so that it can be cloned elsewhere. */
  asWritten(cluster: ClusterResource, rim: Pick<ContactRim, "env" | "folder">): ClusterResource;
  /** What a person adds to the resource before a rotation; `null` where it has all. */
  leftToAdd(cluster: ClusterResource): string | null;
}
