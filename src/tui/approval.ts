import { heldByDrift } from "../planner/drift.ts";
import { harmless } from "../render/harmless.ts";
import type { Plan } from "../rotation/plan.ts";
import {
  failingGuards,
  isBlocked,
  placeKey,
  placesOf,
  type StepPlace,
  stepTitle,
  verdictOf,
} from "./facts.ts";
import { type FinalDialog, type Gate, QUIET_TICKS, READY_TICKS, type State } from "./model.ts";
import type { Row } from "./tree.ts";

/** What a person may say yes to on a row: ordinary steps with one `y`, and the point of no return by itself. */
export interface Offer {
  readonly ordinary: readonly StepPlace[];
  /** Only when the row is that step: it is never part of a bundle. */
  readonly final: StepPlace | null;
  /** Why some of it, or all, cannot be approved. */
  readonly refusals: readonly string[];
}

export function offerOf(state: State, row: Row): Offer {
  const places = placesUnder(state.plan, row).filter((place) => !state.approved.has(placeKey(place)));
  const ordinary: StepPlace[] = [];
  const refusals: string[] = [];
  let final: StepPlace | null = null;
  const willBe = new Set(state.approved);
  for (const place of places) {
    const refusal = refusalOf(place, willBe);
    if (refusal !== null) {
      refusals.push(refusal);
      continue;
    }
    if (place.step.point_of_no_return) {
      if (row.kind === "step") final = place;
      else
        refusals.push(`${stepTitle(place.step)} is the point of no return: select that step to approve it`);
      continue;
    }
    ordinary.push(place);
    willBe.add(placeKey(place));
  }
  return { ordinary, final, refusals };
}

function placesUnder(plan: Plan, row: Row): readonly StepPlace[] {
  const places = placesOf(plan).filter(({ cluster }) => cluster === row.cluster);
  switch (row.kind) {
    case "cluster":
      return places;
    case "rotation":
      return places.filter(({ rotation }) => rotation === row.rotation);
    case "step":
      return places.filter(({ step }) => step === row.step);
    default:
      return [];
  }
}

/** Why a step cannot be approved, as a sentence; `null` when it can. */
export function refusalOf(
  { cluster, rotation, step }: StepPlace,
  approved: ReadonlySet<string>,
): string | null {
  const title = stepTitle(step);
  if (isBlocked(step)) {
    const guards = failingGuards(step).map(({ id, outcome }) =>
      outcome === "fail" ? id : `${id} (unknown)`,
    );
    return `${title} is blocked by ${guards.join(", ")}`;
  }
  const drift = heldByDrift(cluster.drift, step);
  if (drift !== undefined) return `${title} waits: ${drift.subject} ${drift.message}`;
  if (step.after === null) return null;
  const before = rotation.steps.find(({ id }) => id === step.after);
  if (before === undefined) return `${title} comes after a step that is not in this plan`;
  if (verdictOf(before) !== "ready" && verdictOf(before) !== "later") {
    return `${title} comes after ${stepTitle(before)}, which is not ready`;
  }
  return approved.has(placeKey({ cluster, step: before }))
    ? null
    : `${title} comes after ${stepTitle(before)}: approve that first`;
}

/** Takes back the approval of a step, and of every step that builds on it. */
export function withdraw(plan: Plan, approved: ReadonlySet<string>, row: Row): ReadonlySet<string> {
  const left = new Set(approved);
  for (const place of placesUnder(plan, row)) left.delete(placeKey(place));
  for (const place of placesOf(plan)) {
    if (place.step.after !== null && refusalOf(place, left) !== null) left.delete(placeKey(place));
  }
  return left;
}

/** What was approved, for apply. An id that two clusters share counts only when both were approved. */
export function approvalOf({ plan, approved }: Pick<State, "plan" | "approved">) {
  const places = placesOf(plan);
  const taken = places.filter((place) => approved.has(placeKey(place)));
  const missing = new Set(places.filter((place) => !taken.includes(place)).map(({ step }) => step.id));
  const counted = taken.filter(({ step }) => !missing.has(step.id));
  return {
    approved: [...new Set(counted.map(({ step }) => step.id))],
    final: counted.some(({ step }) => step.point_of_no_return),
  };
}

/** What has to be typed for the point of no return; `null` for a name that nobody can type. */
export function typedName(cluster: string): string | null {
  const shown = harmless(cluster);
  return shown === cluster && shown.trim() === shown && shown !== "" ? shown : null;
}

/** Whether the text is the cluster's name, so that Enter would approve. */
export function isTypedRight({ plan }: State, { step, typed }: FinalDialog): boolean {
  const place = placesOf(plan).find((candidate) => placeKey(candidate) === step);
  return place !== undefined && typedName(place.cluster.name) === typed.normalize("NFC");
}

/** What a key means to a question. */
export type Answer = "too-early" | "answer" | "too-much" | "leave";

export function answerOf(gate: Gate, isAnswer: boolean): Answer {
  if (gate.answered !== null) return "too-much";
  if (!gate.drawn || gate.age < READY_TICKS) return "too-early";
  return isAnswer ? "answer" : "leave";
}

/** A tick passes; `fires` when an answer has stood unhurried for long enough. */
export function tickGate(gate: Gate): { readonly gate: Gate; readonly fires: boolean } {
  const settled = gate.answered === null && gate.age >= READY_TICKS && gate.idle >= READY_TICKS;
  if (!gate.drawn || settled) return { gate, fires: false };
  const answered = gate.answered === null ? null : gate.answered + 1;
  const [age, idle] = [Math.min(gate.age + 1, READY_TICKS), Math.min(gate.idle + 1, READY_TICKS)];
  return { gate: { ...gate, age, idle, answered }, fires: answered !== null && answered >= QUIET_TICKS };
}
