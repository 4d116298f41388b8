import type { ComponentKind } from "../rotation/observation.ts";
import type { PlannedAction } from "../rotation/override-plan.ts";
import type { Phase } from "../rotation/phase.ts";
import type { Finding, Plan, Step } from "../rotation/plan.ts";

/**
 * What happens during an apply, in order: the one stream that the terminal, `--events` (JSON Lines) and the
 * screen are drawn from. `at` is ISO 8601.
 */
export type RunEvent = { readonly at: string } & (
  | {
      readonly type: "plan";
      readonly plan: Plan;
      /** How many clusters git has, where a command has to say which it is about: selected or not. */
      readonly clusters_in_git?: number;
    }
  | {
      readonly type: "step-started";
      readonly cluster: string;
      readonly rotation: string;
      readonly step: Step;
    }
  | {
      readonly type: "transition-requested";
      readonly cluster: string;
      readonly authority: string;
      readonly to: Phase;
    }
  | {
      readonly type: "transition-observed";
      readonly cluster: string;
      readonly authority: string;
      readonly phase: Phase;
    }
  | {
      readonly type: "waiting";
      readonly cluster: string;
      readonly authority: string;
      readonly phase: Phase;
      readonly deadline: string;
      readonly progress: readonly KindProgress[];
      /** Who has not followed yet. */
      readonly laggards: readonly Laggard[];
      /** Who has not followed either, and is not waited for: a waiver in force covers them. */
      readonly waived?: readonly string[];
      /** What the probes of trust consumers saw, where there are any. */
      readonly probes?: readonly ProbeProgress[];
    }
  | {
      readonly type: "step-verified";
      readonly cluster: string;
      readonly rotation: string;
      readonly step: Step;
    }
  | {
      readonly type: "step-failed";
      readonly cluster: string;
      readonly rotation: string;
      readonly step: Step;
      readonly message: string;
      readonly findings: readonly Finding[];
    }
  | {
      readonly type: "rollback-started";
      readonly cluster: string;
      readonly rotation: string;
      readonly reason: string;
    }
  /** One call about the entry of one key: asked for, and then seen in the cluster. */
  | {
      readonly type: "override";
      readonly stage: "requested" | "observed";
      readonly cluster: string;
      readonly authority: string;
      readonly action: PlannedAction;
    }
  | { readonly type: "blocked"; readonly cluster: string; readonly rotation: string; readonly step: Step }
  | { readonly type: "interrupted"; readonly cluster: string; readonly message: string }
  /** Of one cluster, unless it names none. */
  | { readonly type: "notice"; readonly cluster?: string; readonly message: string }
  /** How it ended on one cluster, in a run of several. */
  | {
      readonly type: "cluster-finished";
      readonly cluster: string;
      readonly outcome: RunOutcome;
      readonly message: string;
      readonly hint: string | null;
    }
  | { readonly type: "finished"; readonly outcome: RunOutcome; readonly message: string }
);

/** How a run ended, on one cluster or as a whole; the exit code follows from it (design, section 6). */
export type RunOutcome =
  | "nothing-to-do"
  | "applied"
  | "blocked"
  | "rolled-back"
  /** On the way back, and it waits for somebody: not rolled back yet. */
  | "rollback-unfinished"
  | "failed"
  | "interrupted"
  | "locked"
  | "stale";

/** How many of one kind of component are where they are waited for. */
export interface KindProgress {
  readonly kind: ComponentKind;
  readonly ready: number;
  readonly total: number;
  /** Beside the total: covered by a waiver in force. */
  readonly waived?: number;
}

/** Who is waited for. `subject`: `node/NAME`; `message`: what was seen of it. */
export interface Laggard {
  readonly subject: string;
  readonly message: string;
  /** Since when it lags, ISO 8601. */
  readonly since: string;
}

/** What one trust consumer outside the cluster was last seen to do. */
export interface ProbeProgress {
  /** `postgres/orders`. */
  readonly subject: string;
  /** It is as the phase wants it. */
  readonly ready: boolean;
  /** A clause: `uses the old CA`, `cannot be reached`. */
  readonly message: string;
}
