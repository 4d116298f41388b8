import type { BasePlan, GuardId, GuardVerdict, WaivedFinding } from "../../rotation/plan.ts";
import type { StepPlace } from "../../rotation/plan-steps.ts";
import { writtenDate } from "../../written-date.ts";

/** A finding that somebody accepted: a risk that every plan shows. */
export interface WaivedFact extends WaivedFinding {
  readonly guard: GuardId;
  /** This pull request brings the waiver: nobody has reviewed it yet. */
  readonly isNew: boolean;
}

/** All that is waived for one step. `base`: what the plan was compared with, where it was. */
export function waivedFacts(
  { cluster, rotation, step }: StepPlace,
  base: Pick<BasePlan, "waivers"> | undefined,
): readonly WaivedFact[] {
  const fresh = (base?.waivers ?? []).filter(
    (waiver) => waiver.cluster === cluster.name && waiver.resource === rotation.name,
  );
  return step.guards.flatMap(({ id, waived }: GuardVerdict) =>
    waived.map((finding) => ({
      ...finding,
      guard: id,
      isNew: fresh.some(({ guard, subject }) => guard === id && subject === finding.subject),
    })),
  );
}

/** `scrapped, until 10 December 2026, new in this pull request`. */
export function waiverText({
  reason,
  expires,
  isNew,
}: Pick<WaivedFact, "reason" | "expires" | "isNew">): string {
  return [reason, `until ${writtenDate(expires)}`, ...(isNew ? ["new in this pull request"] : [])].join(", ");
}
