import { failingGuards } from "../../planner/startable.ts";
import type { ConsumerObservation } from "../../rotation/observation.ts";
import type {
  BasePlan,
  ChecklistItem,
  GuardId,
  GuardVerdict,
  KeyMove,
  Plan,
  StepComponents,
} from "../../rotation/plan.ts";
import { isOpenWork, type StepPlace, stepPlaces } from "../../rotation/plan-steps.ts";
import { type WaivedFact, waivedFacts } from "./waived-facts.ts";

/** What a reader decides about one step on: text, Markdown and the screen say the same of it. */
export interface StepFacts {
  readonly place: StepPlace;
  /** Who is where it starts; `null` where that is not known yet, or nothing reports it. */
  readonly components: StepComponents | null;
  /** What trusts its CA outside the cluster, as probes saw it. */
  readonly probes: readonly ConsumerObservation[];
  /** What it does to each key. */
  readonly keys: readonly KeyMove[];
  /** Guards that pass by themselves. */
  readonly passing: readonly GuardId[];
  /** Guards that can only be asked when the step before it is done. */
  readonly pending: readonly GuardId[];
  /** Guards that hold it, or for which it waits. */
  readonly holding: readonly GuardVerdict[];
  readonly waived: readonly WaivedFact[];
  /** Work by hand that it waits for. */
  readonly open: readonly ChecklistItem[];
}

/** The facts of one step. `base`: what the plan was compared with, where it was. */
export function stepFacts(place: StepPlace, base: BasePlan | undefined): StepFacts {
  const { rotation, step } = place;
  const clean = step.guards.filter(({ outcome, waived }) => outcome === "pass" && waived.length === 0);
  return {
    place,
    components: step.components ?? null,
    probes: rotation.consumers.filter(({ authority }) => authority === step.authority),
    keys: step.keys ?? [],
    passing: clean.filter(({ pending }) => pending !== true).map(({ id }) => id),
    pending: clean.filter(({ pending }) => pending === true).map(({ id }) => id),
    holding: failingGuards(step),
    waived: waivedFacts(place, base),
    open: step.checklist.filter(isOpenWork),
  };
}

/** Those of all steps of a plan, in its order. */
export function planFacts(plan: Plan): readonly StepFacts[] {
  return stepPlaces(plan).map((place) => stepFacts(place, plan.base));
}
