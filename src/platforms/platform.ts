import type { Failure } from "../failure.ts";
import type { Runner } from "../process/runner.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import type { ComponentKind } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { Identities } from "../sealing/identities.ts";
import type { BackupRequest, FullBackup } from "./full-backup.ts";

/**
 * One live cluster, whatever it runs (design, section 1). Plan and apply know no more of it than this: look at
 * it, and ask it for one transition.
 */
export interface Platform {
  /** Facts of this moment. Throws a `Failure` when they cannot be had; never leaves part of them out silently. */
  observe(scope: ObserveScope): Promise<ClusterObservation>;
  /**
   * Asks for one edge of the phase graph, once. The reply never decides: reads are cached, and errors are known
   * after which the transition had happened all the same (reference teleport-rotation 1.8). Observe.
   */
  transition(request: TransitionRequest): Promise<TransitionReply>;
  /**
   * Backs up the CAs with their private halves, as the cluster resource says; absent where it does not. Throws a
   * `Failure` when it cannot be done.
   */
  readonly backUp?: (request: BackupRequest) => Promise<FullBackup>;
  /** Absent where CAs cannot be overridden at all. */
  readonly overrides?: OverridePlatform;
  /**
   * What it observes is what is, and a transition has had its whole effect when it returns: nothing is gained by
   * looking again for what did not show.
   */
  readonly consistent?: true;
}

/** Externally signed certificates in place of a CA's own (reference teleport-overrides). */
export interface OverridePlatform {
  /** Makes one call about one entry, once. As for a transition: the reply never decides, observe. */
  act(call: OverrideCall): Promise<TransitionReply>;
  /** Certificate requests for the keys of a CA, or for one of them. Success may be partial: compare the keys. */
  requests(authority: string, keyHash: string | null): Promise<OverrideRequests>;
}

/** One call about the entry of one key, with exactly the fields that change. */
export interface OverrideCall {
  /** Called right before the change; throws when this run may make none. */
  readonly confirm?: () => Promise<void>;
  readonly authority: string;
  readonly keyHash: string;
  /** Skips the server's checks against the live CA; only ever with a waiver. */
  readonly force: boolean;
  readonly change: /** Always disabled. Without a certificate: a key that is deliberately not overridden. */
    | {
        readonly call: "create-override";
        readonly certificate: string | null;
        readonly chain: readonly string[];
      }
    | {
        readonly call: "update-override";
        readonly certificate?: string;
        /** An empty one clears it. */
        readonly chain?: readonly string[];
        readonly disabled?: boolean;
      }
    | { readonly call: "delete-override" };
  /** The resource as it was observed last, `null` when there was none: what is edited where nothing else works. */
  readonly observed: unknown;
}

interface OverrideRequests {
  /** PEM text, one or more requests each. */
  readonly texts: readonly string[];
  /** What the platform said about keys that it could not sign with. */
  readonly warnings: string;
}

/**
 * What to look at. A wait looks at the authorities and at the kinds that still lag; all that it does not look
 * at again is taken over from `base`, an earlier observation of the same cluster.
 */
export type ObserveScope = (
  | { readonly components: "all" }
  | { readonly components: readonly ComponentKind[]; readonly base: ClusterObservation }
) & {
  /** The end of the run does not end this look: something went out, and has to be read back. */
  readonly evenWhenStopping?: true;
};

/** One edge of one CA, and what the run has to say about it while it is taken. */
export interface TransitionRequest {
  /** API spelling of the CA type. */
  readonly authority: string;
  readonly to: Phase;
  /** Only with `to: init`: the platform takes the phases after it by its own clock, within this time. */
  readonly automatic?: { readonly gracePeriodMs: number };
  /** Called right before each change, of which one transition may be several; throws when this run may make none. */
  readonly confirm?: () => Promise<void>;
  /** Takes a sentence for every machine that was moved, where capstan moves them one by one. */
  readonly progress?: (message: string) => void;
}

/** What the platform said; whether it was so, only a new look tells. */
export type TransitionReply =
  | { readonly accepted: true; readonly message: string }
  | {
      readonly accepted: false;
      readonly message: string;
      /** What to report when a new look shows that nothing has moved. */
      readonly failure: Failure;
      /** Some machines were moved and others not: half-way, where `policy.on_failure` decides. */
      readonly begun?: boolean;
    };

/** What a platform needs of the run that opens it. */
export interface PlatformOptions {
  /** Shared by all clusters of a run, so that its limit is. */
  readonly runner: Runner;
  readonly now: () => Date;
  /** Ends observations. A transition that has been sent is waited for all the same. */
  readonly signal?: AbortSignal;
  /** Takes a sentence that blocks nothing but is worth saying; each is said once per platform. */
  readonly notice?: (message: string) => void;
  /** Takes how many rows more were read of a listing, while it is still being read. */
  readonly counted?: (rows: number) => void;
  /** Of one call of an executable. */
  readonly timeoutMs?: number;
  /**
   * Whether overrides are looked at: `managed` in git, or only because the CA of a rotation could have some. A
   * rotation in progress of such a CA is reason enough, whoever started it.
   */
  readonly overrides?: "managed" | "possible" | "none";
  /** Needed by a platform that keeps neither phases nor keys of a rotation. */
  readonly memory?: RotationMemory;
}

/** What git and the record know of rotations, for a platform that keeps neither their phases nor their keys. */
export interface RotationMemory {
  /** What git declares, of whichever cluster. */
  readonly rotations: readonly RotationResource[];
  readonly record: {
    load(cluster: string): Promise<ClusterRecord>;
    /** Durable when it returns. */
    save(record: ClusterRecord): Promise<void>;
  };
  /** Whoever opens sealed keys; a `Failure` when there is nobody. */
  readonly identities: () => Promise<Identities>;
  readonly now: () => Date;
  /** Folders below which client files may be written (`written-path.ts`). */
  readonly roots: readonly string[];
}
