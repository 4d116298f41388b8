import type { Fingerprint } from "../../rotation/observation.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { AccessCheck } from "./access-check.ts";
import type { Hold } from "./hold.ts";
import type { TrustConsumer } from "./trust-consumer.ts";

/**
 * The desired state as parsed and checked: what the rest of capstan may trust.
 * Durations are milliseconds here, `30m` in YAML.
 */
export interface DesiredState {
  readonly clusters: readonly ClusterResource[];
  readonly authorities: readonly AuthorityResource[];
  readonly rotations: readonly RotationResource[];
  readonly overrides: readonly OverrideResource[];
  /** Absent where no resource says how capstan works with the repository. */
  readonly repository?: RepositoryResource;
}

/** Where a resource stands, for messages and for editing. */
export interface Source {
  /** Path relative to the repository folder. */
  readonly file: string;
  /** 1-based line of the resource's first key. */
  readonly line: number;
}

/** One cluster: how it is reached, and how careful its rotations are. */
export interface ClusterResource {
  readonly name: string;
  readonly source: Source;
  /** Name of its profile. */
  readonly platform: string;
  /** How it is reached; `null` where nothing says so. */
  readonly connection: Connection | null;
  /** Leafs and roots that capstan can reach too: names of other cluster resources. */
  readonly peers: readonly string[];
  readonly policy: Policy;
  /** What has an external CA sign override certificates, where that goes unattended. */
  readonly signer?: Signer;
  /** Who keeps the state of the CAs with their private halves. Absent: nobody, only the public state is kept. */
  readonly backup?: Backup;
  /** Absent: none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Absent: nobody holds it. */
  readonly hold?: Hold;
  /** Checks of one's own, whether people and machines still get in. Absent: none. */
  readonly checks?: readonly AccessCheck[];
  /**
   * The same as the file has it: `${VAR}` where a variable is put in, paths relative to the repository folder. It is
   * what is compared, hashed and shown. Absent where no file is behind it: then it is the resource itself.
   */
  readonly asWritten?: Omit<ClusterResource, "asWritten">;
}

/** Who backs up the CAs with their private halves. */
export type Backup =
  /** age recipients: capstan reads it and seals it for them. */
  | { readonly by: "seal"; readonly recipients: readonly string[] }
  /** Executable and arguments. */
  | { readonly by: "command"; readonly command: readonly string[]; readonly timeoutMs: number };

/** A command that has an external CA sign a request. */
export interface Signer {
  /** Executable and arguments. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/**
 * How a cluster is reached, as its platform reads it from the field of `spec` that has its name. Only the room of the
 * platform looks into it; to everybody else it is a value to keep, to hash and to compare.
 */
export type Connection = object;

/** How careful rotations of a cluster are. */
export interface Policy {
  /** CAs of one cluster in rotation at the same time; db + db_client count as one. */
  readonly concurrentRotations: number;
  /** At least this long in every phase, milliseconds. */
  readonly soakMs: number;
  /** The same where a key is in wrong hands; absent: as long as ever. */
  readonly compromiseSoakMs?: number;
  readonly onFailure: "rollback" | "halt";
  /** How long the components may take to follow a transition, milliseconds. */
  readonly phaseTimeoutMs: number;
  /** How old what is read may be, milliseconds. */
  readonly staleReadMs: number;
  /** The longest session lifetime that any role allows, milliseconds. */
  readonly maxSessionTtlMs: number;
  /** Glob patterns of the files in which CA pins are looked for; `null`: all that git tracks. */
  readonly pinFiles: readonly string[] | null;
  /** IANA name of the zone of windows and freezes. */
  readonly timeZone: string;
  /** When steps may begin; none: at any time. */
  readonly windows: readonly ChangeWindow[];
  readonly freezes: readonly Freeze[];
}

/** Days as `windows` names them, Monday first. */
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** Times by the clocks of the policy's zone, `22:00`; `to` before `from` is the next day. */
export interface ChangeWindow {
  /** Days on which it opens. */
  readonly days: readonly (typeof WEEKDAYS)[number][];
  readonly from: string;
  readonly to: string;
}

/** No step begins. ISO 8601; `to` is the first moment after it. */
export interface Freeze {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** One CA: which keys may sign, and who trusts them outside of the cluster. */
export interface AuthorityResource {
  readonly cluster: string;
  readonly type: string;
  readonly source: Source;
  readonly activeKeys: readonly Fingerprint[];
  readonly maxAgeMs: number | null;
  /** What trusts the CA outside the cluster, or shows certificates of it. */
  readonly trustConsumers: readonly TrustConsumer[];
  /** What holds outside any rotation. */
  readonly acknowledge?: readonly Acknowledgement[];
  readonly waive?: readonly Waiver[];
}

/** How far the rotation of one or several CAs should have gone. */
export interface RotationResource {
  readonly name: string;
  readonly source: Source;
  readonly cluster: string;
  readonly authorities: readonly RotatedAuthority[];
  readonly phase: Phase;
  /** `compromise`: the key that goes is in wrong hands. Absent: routine. */
  readonly reason?: "routine" | "compromise";
  /** `step`: one edge per commit. `walk`: as far as guards, soak and windows allow. */
  readonly strategy: "step" | "walk";
  readonly mode: "manual" | "auto";
  /** With mode `auto`: how long the platform takes for all of it. */
  readonly gracePeriodMs?: number | null;
  readonly acknowledge: readonly Acknowledgement[];
  readonly waive: readonly Waiver[];
  /** Why a rotation that was rolled back is tried again. */
  readonly resume: string | null;
  /** Absent: nobody holds it. */
  readonly hold?: Hold;
  /** SHA-256 of the canonical `spec`, but for a hold: what quarantine compares. */
  readonly contentHash: string;
  /** The same of a `spec` without its `resume`: to take the reason out again is no reason. Absent: it has none. */
  readonly contentWithoutResume?: string;
}

/** One CA of a rotation. */
export interface RotatedAuthority {
  readonly type: string;
  /** The keys that this rotation retires: they name it. */
  readonly retire: readonly Fingerprint[];
  /** The CA to come: always there where the platform makes none itself, and nowhere else. */
  readonly next?: NextAuthority;
}

/** The CA to come, made in advance. */
export interface NextAuthority {
  /** PEM, one certificate, with a line feed at its end. */
  readonly certificate: string;
  /** Its private key as PEM, sealed with age for the cluster's recipients: an armored age file. */
  readonly key: string;
}

/** The statement of a person that a step by hand is done. */
export interface Acknowledgement {
  readonly step: string;
  readonly who: string;
  readonly note: string | null;
  readonly evidence: string | null;
  /** ISO 8601 in UTC; a date alone stays one (`2026-11-21`): any time of that day. */
  readonly at: string | null;
  readonly commit?: string | null;
  readonly source?: Source;
}

/** A finding that a review accepts, for a time. */
export interface Waiver {
  readonly guard: string;
  /** The finding's subject, `node/node2`. */
  readonly subject: string;
  readonly reason: string;
  /** ISO 8601 in UTC; after it the waiver does not count. A date alone was read as its end. */
  readonly expires: string;
  readonly source?: Source;
}

/** Teleport's own resource, verbatim: only its name is read here. */
export interface OverrideResource {
  readonly cluster: string;
  readonly type: string;
  readonly source: Source;
  /** All of it, as written. */
  readonly document: unknown;
}

/** How capstan works with the git repository; at most one. It says nothing about what is desired. */
export interface RepositoryResource {
  /** Where roster, history, journal and lock are: `.capstan/` of one machine, or `refs/capstan/` of the remote. */
  readonly record: "folder" | "refs";
  /** Name of the git remote that has the refs and the branch. */
  readonly remote: string;
  /** Apply refuses a commit that is not on this branch of the remote; `null` takes any. */
  readonly branch: string | null;
  /** Apply takes only a plan that was approved: a plan file, or a fingerprint. */
  readonly requirePlan: boolean;
  /** Slug of the GitHub App whose check run carries an approved fingerprint. */
  readonly approvalApp: string;
  /** What tells people what happens to rotations. */
  readonly notify?: Notify;
  /** Whole command lines that may run for what a pull request adds, before it is merged. */
  readonly executables: readonly (readonly string[])[];
  /** `host:port` that may be dialled for it. */
  readonly addresses: readonly string[];
  /** The order of clusters in a campaign; a cluster is in the first that fits. Absent: all go at once. */
  readonly waves?: readonly Wave[];
}

/** Clusters that go together in a campaign, behind those of the waves before. */
export interface Wave {
  readonly name: string;
  /** Labels that a cluster has, all of them. */
  readonly selector: Readonly<Record<string, string>>;
  /** How long after the wave before has verified a phase, milliseconds. */
  readonly pauseMs: number | null;
  /** How many clusters may be between start and end at the same time; `null`: all of them. */
  readonly maxInProgress: number | null;
}

/** What people can be told: a step is held, a rotation went back, is at its end, or a run could not go on. */
export const NOTIFY_EVENTS = ["blocked", "rolled_back", "finished", "failed"] as const;

/** One of them. */
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/** A command that gets one event as JSON on its standard input. */
export interface Notify {
  /** Executable and arguments. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly events: readonly NotifyEvent[];
}

/** A bad input file: many at once, each with its place (design, section 2). */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of the file itself, for the excerpt; `null` where there is none (not UTF-8, too large). */
  readonly excerpt: string | null;
  /** What to do: `did you mean "phase"?` */
  readonly suggestion: string | null;
}
