import { needsOwnApproval, type Plan, type Step } from "../rotation/plan.ts";
import { stepPlaces } from "../rotation/plan-steps.ts";

/**
 * What a person said yes to, of the plan that was shown, by `approvalKey`. What was approved as an ordinary step does
 * not cover the same step once it is a point of no return, and who was not named then is not covered either.
 */
export interface Approval {
  /** Steps, and calls about override entries. */
  readonly ordinary: ReadonlySet<string>;
  /** What drops a key for good, each approved by itself; with whom the plan named as not accounted for. */
  readonly final: ReadonlyMap<string, readonly string[]>;
}

/** Of a run that asked nobody yet, or has nothing to ask for. */
export const NOTHING_APPROVED: Approval = { ordinary: new Set(), final: new Map() };

/** Names a step of a run: ids are unique within their cluster. */
export function approvalKey(cluster: string, id: string): string {
  return `${cluster}/${id}`;
}

/** The approval of those steps and calls of a plan whose keys are wanted, each as what the plan shows it to be. */
export function approvalWhere({ clusters }: Plan, isWanted: (key: string) => boolean): Approval {
  const steps = stepPlaces({ clusters }).map(({ cluster, step }) => ({
    key: approvalKey(cluster.name, step.id),
    step,
  }));
  const calls = clusters.flatMap(({ name, overrides }) =>
    overrides.flatMap(({ actions }) => actions.map(({ id }) => approvalKey(name, id))),
  );
  const wanted = steps.filter(({ key }) => isWanted(key));
  const ordinary = wanted.filter(({ step }) => !needsOwnApproval(step)).map(({ key }) => key);
  const final = wanted.filter(({ step }) => needsOwnApproval(step));
  return {
    ordinary: new Set([...ordinary, ...calls.filter(isWanted)]),
    final: new Map(final.map(({ key, step }) => [key, step.unaccounted ?? []])),
  };
}

/** What is judged now is what was approved; a step that was approved as a final one may have become an ordinary one. */
export function isApproved(approval: Approval, cluster: string, step: Step): boolean {
  const key = approvalKey(cluster, step.id);
  if (!needsOwnApproval(step)) return approval.ordinary.has(key) || approval.final.has(key);
  return approval.final.has(key) && unnamed(approval, cluster, step).length === 0;
}

/** Who is not accounted for at this step, and was not named when it was approved. */
export function unnamed(approval: Approval, cluster: string, step: Step): readonly string[] {
  const named = approval.final.get(approvalKey(cluster, step.id));
  return named === undefined ? [] : (step.unaccounted ?? []).filter((subject) => !named.includes(subject));
}
