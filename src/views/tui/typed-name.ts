import { needsOwnApproval } from "../../rotation/plan.ts";
import { type StepPlace, stepPlaces } from "../../rotation/plan-steps.ts";
import { harmless } from "../harmless.ts";
import { placeKey } from "./places.ts";
import type { FinalDialog, State } from "./state.ts";

/**
 * What has to be typed for the point of no return: the cluster's name as long as it means one rotation, else that of
 * both; `null` for a name that nobody can type.
 */
export function typedName({ cluster, rotation }: StepPlace): string | null {
  const finals = cluster.rotations.filter(({ steps }) => steps.some(needsOwnApproval));
  const name = finals.length > 1 ? `${cluster.name}/${rotation.name}` : cluster.name;
  const shown = harmless(name);
  return shown === name && shown.trim() === shown && shown !== "" ? shown : null;
}

/** The steps that one answer is about: both halves of a pair, as far as nothing holds them. */
export function finalsWith(state: State, place: StepPlace): readonly StepPlace[] {
  return stepPlaces(state.plan).filter(
    (other) =>
      other.cluster === place.cluster &&
      other.rotation === place.rotation &&
      needsOwnApproval(other.step) &&
      (other === place || other.step.to === place.step.to),
  );
}

/** Whether the text is the name that is asked for, so that Enter would approve. */
export function isTypedRight({ plan }: State, { step, typed }: FinalDialog): boolean {
  const place = stepPlaces(plan).find((candidate) => placeKey(candidate) === step);
  return place !== undefined && typedName(place) === typed.normalize("NFC");
}
