import type { Plan } from "../rotation/plan.ts";
import type { Forge } from "./forge.ts";

/** What the action does with capstan itself. Both throw a `Failure` (`stale`) when `expect` is not what there is. */
export interface ActionDoors {
  /** What the repository says of approvals, now and at an earlier commit (`null`: there is none to look at). */
  policy(before: string | null): Promise<ApprovalPolicy>;
  /** As `capstan plan` does, and writes the plan file where one is asked for. */
  plan(expect: readonly string[]): Promise<EndedPlan>;
  /** As `capstan apply` does, without asking. */
  apply(expect: readonly string[]): Promise<AppliedRun>;
}

/** What the repository asks of approvals. */
export interface ApprovalPolicy {
  /** Slug of the GitHub App whose check run carries an approved fingerprint. */
  readonly app: string;
  /** The same at the earlier commit; `null` where that could not be looked at. */
  readonly appBefore: string | null;
  /** Apply takes no plan that was not approved: now, or at the earlier commit. */
  readonly required: boolean;
}

/** A plan, with what is shown beside it. */
export interface PlannedRun {
  readonly plan: Plan;
  readonly fingerprint: string;
  /** Unified diff of what the pull request changes. */
  readonly diff?: string;
  /** Where the plan file was written. */
  readonly planFile?: string;
}

/** With the exit code of `capstan plan`: a cluster that was not read is an error, or waits for the merge. */
export interface EndedPlan extends PlannedRun {
  readonly exit: number;
}

/** How an apply ended. */
export interface AppliedRun {
  readonly exit: number;
  /** `applied`, `nothing-to-do`, `blocked`, … */
  readonly outcome: string;
  readonly message: string;
  /** The plan that was walked; `null` when it did not come to one. */
  readonly planned: PlannedRun | null;
}

/** The rim: `forge` is `null` without a token, `print` goes to the log of the run. */
export interface ActionWorld {
  readonly forge: Forge | null;
  readonly print: (text: string) => void;
  /** A line that the forge shows beside the run. */
  readonly annotate: (kind: "notice" | "warning", message: string) => void;
}
