import type { FailureCode } from "../failure.ts";
import type { CheckResult, CheckState } from "./check-result.ts";
import type { ExercisePlan } from "./exercise-plan.ts";
import type { CertificateFacts, ConsumerObservation, Fingerprint } from "./observation.ts";
import type { OverridePlan } from "./override-plan.ts";
import type { Phase } from "./phase.ts";
import type { Pins } from "./pins.ts";

/**
 * The plan, as `plan --format json` prints it: snake_case names are a contract (design, section 6).
 * `format_version` changes only when a consumer must change.
 */
export interface Plan {
  readonly format_version: "1.1";
  readonly outcome: PlanOutcome;
  /** What stands for it in a word; every form of the plan shows the same. */
  readonly verdict: PlanVerdict;
  /** HEAD of the repository, `null` outside git. */
  readonly commit: string | null;
  /** SHA-256 of the clusters' lines `NAME FINGERPRINT`, sorted, each ended by a line feed; `null` is a word there. */
  readonly fingerprint: string;
  readonly clusters: readonly ClusterPlan[];
  /** No cluster is in the shard: that there are no changes says nothing of any. */
  readonly nothing_looked_at?: true;
  /** Files of the folder that are not as in the commit, and were planned (`plan --uncommitted`): nobody applies them. */
  readonly uncommitted?: readonly string[];
  /** What is changed in git, where the plan was compared with another commit (`--base`). */
  readonly base?: BasePlan;
}

/** The desired state against that of another commit. */
export interface BasePlan {
  readonly commit: string;
  /** What is run, dialled, read or written otherwise from the merge on: told before everything else. */
  readonly connections: readonly ConnectionChange[];
  /** Sentences. */
  readonly changes: readonly string[];
  readonly findings: readonly ChangeFinding[];
  /** Waivers that the commit compared with does not have; absent in plans of before. */
  readonly waivers?: readonly NewWaiver[];
}

/** A waiver that is new in a pull request; `resource` is the rotation, or the CA type whose own resource has it. */
export interface NewWaiver {
  readonly cluster: string;
  readonly resource: string;
  readonly guard: GuardId;
  readonly subject: string;
}

/** One field by which capstan runs, dials, reads or writes something. Text is as written, before any `${VAR}`. */
export interface ConnectionChange {
  /** The cluster, one of its consumers, or the repository. */
  readonly subject: string;
  /** `spec.teleport.tctl`. */
  readonly field: string;
  readonly does: "runs" | "dials" | "reads" | "writes" | "seals for";
  readonly from: string | null;
  readonly to: string | null;
  /** All of it as a sentence. */
  readonly message: string;
}

/** About a change in git. An `error` blocks, whatever is live. */
export interface ChangeFinding extends Finding {
  readonly severity: "error" | "warning";
}

/** `incomplete`: a cluster could not be read, or may not be yet. */
export type PlanOutcome = "no_changes" | "ready" | "blocked" | "incomplete";

/**
 * `ready_waived`: somebody accepted a finding. `ready_final`: the point of no return is among the steps.
 * `blocked_in_part`: a run would do some of it.
 */
export type PlanVerdict =
  | "nothing_to_do"
  | "ready"
  | "ready_waived"
  | "ready_final"
  | "blocked_in_part"
  | "blocked"
  | "incomplete";

/** What is planned for one cluster, or why nothing is. */
export interface ClusterPlan {
  readonly name: string;
  readonly platform: string;
  /** Of all that decides or runs there (`planner/fingerprint.ts`); `null` while there is a problem. */
  readonly fingerprint: string | null;
  /** Why nothing is planned for it. */
  readonly problem: ClusterProblem | null;
  /** Where it stands among the waves of the repository; `null` where there are none. */
  readonly wave: WavePlan | null;
  /** That a person holds it now; `null`: nobody does. */
  readonly hold: HoldPlan | null;
  readonly rotations: readonly RotationPlan[];
  /** One per CA that has overrides, or could have some and rotates. */
  readonly overrides: readonly OverridePlan[];
  /** Live state that nothing in git asked for. */
  readonly drift: readonly Drift[];
  /** Where git says how it is reached; absent in plans of before. */
  readonly source?: ResourcePlace;
}

/** Where a resource stands: a path relative to the folder, and a 1-based line. */
export interface ResourcePlace {
  readonly file: string;
  readonly line: number;
}

/** The wave of a cluster, and what its next step waits for. */
export interface WavePlan {
  /** `null`: no wave fits it, so that it is held. */
  readonly name: string | null;
  /** Clusters of the waves before that have not verified the phase. */
  readonly waits_for: readonly string[];
  /** When the pause of its wave is over, ISO 8601. */
  readonly until: string | null;
}

/** Why a person holds a cluster or a rotation, and until when (ISO 8601). */
export interface HoldPlan {
  readonly reason: string;
  readonly until: string | null;
}

/** Of a cluster that was not read: then it has no rotations, overrides and drift, because nothing is known of them. */
export interface ClusterProblem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly remedy: string;
}

/** `not-trusted-yet`: a pull request says how it is reached, and was not merged; else it could not be read. */
export type ProblemCode = "not-trusted-yet" | FailureCode;

/** One rotation: where it stands, what it does to the keys, and the steps that are left. */
export interface RotationPlan {
  readonly name: string;
  readonly authorities: readonly string[];
  readonly live_phase: Phase;
  readonly desired_phase: Phase;
  /** Absent where no resource declares it any more, and in plans of before. */
  readonly source?: ResourcePlace;
  readonly standing: Standing;
  /** That it is over is taken from git alone: nothing shows that the keys it retires ever were of these CAs. */
  readonly unproven?: true;
  /** That a person holds this rotation now; absent: nobody does. */
  readonly hold?: HoldPlan;
  /** Facts worth a sentence that block nothing. */
  readonly notes: readonly string[];
  readonly keys: readonly KeyPlan[];
  /** CA pins: both belong into every `ca_pin` from init to standby. `null` unless the host CA rotates. */
  readonly ca_pins: Pins | null;
  /** What trusts these CAs outside the cluster, as probes saw it now. */
  readonly consumers: readonly ConsumerObservation[];
  /** Checks of one's own that its CAs can break; absent where there are none. */
  readonly checks?: readonly CheckPlan[];
  /** Overrides of its keys that sign now, and whether a session has shown that they are used; absent: none. */
  readonly exercises?: readonly ExercisePlan[];
  /** The work by hand of the phase that the authorities are in; in standby what follows a finished rotation. */
  readonly checklist: readonly ChecklistItem[];
  readonly steps: readonly Step[];
}

/** A check of one's own, as the record knows it: a plan runs none. */
export interface CheckPlan {
  readonly name: string;
  readonly kind: string;
  /** Who is shut out where it fails. */
  readonly speaks_for: string;
  /** Of the newest result, where that is newer than the last transition; else `not_yet`. */
  readonly state: CheckState;
  /** It holds the rotation although it failed in the baseline already. */
  readonly required: boolean;
  /** The newest result, of whatever time. */
  readonly last: CheckEvidence | null;
  /** From before init. */
  readonly baseline: CheckEvidence | null;
  /** `3 of 3, 12 s ago; baseline 3 of 3`. */
  readonly evidence: string;
}

/** How a check ended. */
export type CheckEvidence = Omit<CheckResult, "name" | "content">;

/** One piece of work that a person does or states (`acknowledge`), or that a probe proves. */
export interface ChecklistItem {
  /** Named in `acknowledge`: `db_client/init/trust-both`. */
  readonly id: string;
  readonly do: string;
  readonly why: string;
  readonly verify: string;
  /** Command lines that help. */
  readonly commands: readonly string[];
  /** Files of `capstan artifacts` that help, below `<cluster>/<type>/`. */
  readonly artifacts: readonly string[];
  /** Whether a step waits for it; else it is advice, or another guard looks after it. */
  readonly required: boolean;
  readonly state: "done" | "open";
  /** The command that states it, where git has several clusters and it has to say which. */
  readonly statement?: string;
  /** Who says so: a person, or `probe`. */
  readonly by: string | null;
  readonly note: string | null;
}

/** Where a rotation stands, told by the key it retires (design, section 2). */
export type Standing = "not_started" | "in_progress" | "finished" | "rolled_back" | "unclear";

/** A key of the rotating authority, and what becomes of it. */
export interface KeyPlan {
  readonly authority: string;
  readonly fingerprint: Fingerprint;
  readonly role: "retiring" | "introduced" | "other";
  readonly status: "active" | "trusted" | "gone";
  readonly protocol: "tls" | "ssh" | "jwt" | null;
  readonly algorithm: string | null;
  readonly storage: string | null;
  readonly certificate: CertificateFacts | null;
}

/** One move of one CA, or one look, with all that a person needs to approve it. */
export interface Step {
  /** Stable: `host-2026-11/host/init-update_clients`. */
  readonly id: string;
  /** `rotate` moves the phase; `verify` waits for what a move already made should have brought. */
  readonly action: "rotate" | "verify";
  readonly authority: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly why: string;
  readonly disrupts: string;
  /** How it can be undone, or that it cannot. */
  readonly undo: string;
  readonly reversible: boolean;
  readonly point_of_no_return: boolean;
  /**
   * Of the end of a rollback that is a point of no return: who may live by the key that goes, as subjects. The approval
   * of the step covers these, and nobody else.
   */
  readonly unaccounted?: readonly string[];
  /**
   * It hands the rotation over to the platform's clock, which in the end drops the old key by itself: so the approval
   * of the start covers the end.
   */
  readonly starts_clock?: true;
  /**
   * A phase that was entered and not verified yet, in which only components lag: apply waits for them, and where they
   * do not follow in time acts by `on_failure`.
   */
  readonly awaited?: true;
  /**
   * The step of this plan that must be applied first, of this rotation or of one before it, as some guard can only be
   * judged then.
   */
  readonly after: string | null;
  /** What it does to each key of the CA; absent where the phase order refuses it, and of a look. */
  readonly keys?: readonly KeyMove[];
  /** Who is in the phase that it leaves; absent where that cannot be counted yet, or where no component reports it. */
  readonly components?: StepComponents;
  /**
   * The first moment at which it may be taken if those before it are taken as soon as they may, ISO 8601. `null`: time
   * does not hold it, or nobody knows for how long, which its guard says then. Absent in plans of older versions.
   */
  readonly earliest?: string | null;
  /** What ends at that moment; `null` where there is none. */
  readonly earliest_by?: TimeReason | null;
  /** The work by hand that comes before it. */
  readonly checklist: readonly ChecklistItem[];
  readonly guards: readonly GuardVerdict[];
}

/** What a step does to one key. `fingerprint`: `null` for the key that `init` will make, which nobody knows yet. */
export interface KeyMove {
  readonly fingerprint: Fingerprint | null;
  readonly role: KeyPlan["role"];
  readonly before: KeyStanding;
  readonly after: KeyStanding;
}

/** `unknown`: the key sets do not tell what a rollback makes of it. */
export type KeyStanding = KeyPlan["status"] | "absent" | "unknown";

/** The components that follow the CA of a step, counted in the phase that it leaves. */
export interface StepComponents {
  readonly phase: Phase;
  /** All whom the step needs there: those that follow, and those that it would wait for; without the waived ones. */
  readonly total: number;
  readonly there: number;
  /** Subjects whom waivers in force leave out. */
  readonly waived: readonly string[];
  /** The same by kind, in the order of the platform; only kinds that there are. */
  readonly kinds: readonly { readonly kind: string; readonly total: number; readonly there: number }[];
}

/**
 * What makes a step wait for a time: the policy's soak time, sessions that were opened with the old key, a change
 * window that opens, a freeze that ends, the waves before and the pause behind them, a person's hold.
 */
export type TimeReason = "soak" | "sessions" | "window" | "freeze" | "wave" | "hold";

/** What drops a key for good, or sets off what does: approved by itself, never along with others. */
export function needsOwnApproval({
  point_of_no_return,
  starts_clock,
}: Pick<Step, "point_of_no_return" | "starts_clock">): boolean {
  return point_of_no_return || starts_clock === true;
}

/** What a guard says of a step, waivers applied. */
export interface GuardVerdict {
  readonly id: GuardId;
  readonly outcome: "pass" | "fail" | "unknown";
  /** It passes as far as can be told now: what it is about is there only when the step's turn has come. */
  readonly pending?: true;
  readonly findings: readonly Finding[];
  readonly waived: readonly WaivedFinding[];
}

/** Which there are, `src/guards` and the profiles say. */
export type GuardId = string;

/** Guards of time, of which a waiver covers one step: what was let through early once says nothing of the next. */
export const COVERS_ONE_STEP: readonly GuardId[] = ["window", "soak"];

/** One reason of a guard, about one subject: what was seen, and what to do. */
export interface Finding {
  /** What it is about: `node/node2`, `authority/host`. */
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
  /** The step's own approval ends it too: of the end of a rollback that is a point of no return. */
  readonly approvable?: true;
}

/** A finding that a waiver in force covers; `expires` is ISO 8601. */
export interface WaivedFinding extends Finding {
  readonly reason: string;
  readonly expires: string;
}

/** A difference between git and the cluster that no rotation in git explains. */
export interface Drift {
  /** Stable id: `foreign-rotation`, `active-keys`. */
  readonly id: string;
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
  /** The command that makes the edit in git which ends it, where there is one. */
  readonly command?: string;
  /** Whether the plan waits for a person because of it. */
  readonly blocks: boolean;
}
