import type { ConsumerObservation } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";

/**
 * One piece of work that a person does, or whose outcome a person states (reference teleport-rotation 2.2).
 * Done while the authority is in `phase`, before it leaves it; a step of `standby` follows the end of the walk.
 */
export interface ChecklistStep {
  /** Stable, named in `acknowledge`: `db_client/init/trust-both`. */
  readonly id: string;
  readonly authority: string;
  readonly phase: Phase;
  readonly what: string;
  readonly why: string;
  readonly verify: string;
  readonly helps: readonly Help[];
  /** First release that needs the step, `null`: all. */
  readonly since: Release | null;
  /** First release that no longer needs it, `null`: none. */
  readonly until: Release | null;
  /** What the probe of a trust consumer has to see for the step to be proven without a word of a person. */
  readonly provenBy: Expectation | null;
  /** The step exists only where the cluster has peers. */
  readonly onlyWith: "trusted-clusters" | null;
  readonly binding: Binding;
  /** Only of what the new key signed: nothing to do where it was never used. */
  readonly ofUse: boolean;
}

/**
 * `always`: a move out of the phase waits for it. `with-consumers`: only where a trust consumer is declared that it
 * is about. `advice`: nothing waits, or another guard looks after it.
 */
export type Binding = "always" | "with-consumers" | "advice";

/** What a person does a step of work with: a file that is written for it, or a command line to run. */
export type Help =
  /** A path that `capstan artifacts` writes, below `<cluster>/<type>/`. */
  { readonly kind: "artifact"; readonly path: string } | { readonly kind: "command"; readonly line: string };

/** A release, and the patch releases of older lines that brought the same change. */
export interface Release {
  /** `18.7`, `15.0.1`. */
  readonly release: string;
  readonly backports?: readonly string[];
}

/** Questions a probe answers, with the answers that are wanted; a question left out does not matter. */
export interface Expectation {
  readonly uses?: "old" | "new";
  readonly trusts?: { readonly old?: "yes" | "no"; readonly new?: "yes" | "no" };
}

/** Whether one consumer was seen to be as wanted. Anything that could not be seen is not. */
export function isProvenBy(
  expectation: Expectation,
  observed: Pick<ConsumerObservation, "uses" | "trusts">,
): boolean {
  const { uses, trusts } = expectation;
  return (
    (uses === undefined || observed.uses === uses) &&
    (trusts?.old === undefined || observed.trusts.old === trusts.old) &&
    (trusts?.new === undefined || observed.trusts.new === trusts.new)
  );
}
