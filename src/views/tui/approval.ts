import { type Approval, approvalKey, approvalWhere } from "../../apply/approval.ts";
import { heldByDrift } from "../../planner/drift.ts";
import { isHeld } from "../../planner/startable.ts";
import { needsOwnApproval, type Plan } from "../../rotation/plan.ts";
import { harmless } from "../harmless.ts";
import {
  failingGuards,
  isBlocked,
  type OverridePlace,
  overrideKey,
  overridePlacesOf,
  overrideTitle,
  placeKey,
  placesOf,
  type StepPlace,
  stepTitle,
  verdictOf,
} from "./facts.ts";
import { type FinalDialog, type Gate, QUIET_TICKS, READY_TICKS, type State } from "./model.ts";
import type { Row } from "./tree.ts";

/**
 * What a person may say yes to on a row: ordinary steps and override entries with one `y`, and the point of no return
 * by itself.
 */
export interface Offer {
  /** They come before the steps of their CA. */
  readonly overrides: readonly OverridePlace[];
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
  const overrides: OverridePlace[] = [];
  for (const place of overridesUnder(state.plan, row).filter((one) => !willBe.has(overrideKey(one)))) {
    const refusal = overrideRefusal(place);
    if (refusal !== null) {
      // A step that cannot go on without them says so by its guard.
      if (row.kind !== "step") refusals.push(refusal);
      continue;
    }
    overrides.push(place);
    willBe.add(overrideKey(place));
  }
  for (const place of places) {
    const refusal = refusalOf(place, willBe);
    if (refusal !== null) {
      refusals.push(refusal);
      continue;
    }
    if (needsOwnApproval(place.step)) {
      if (row.kind === "step") final = place;
      else
        refusals.push(`${stepTitle(place.step)} is the point of no return: select that step to approve it`);
      continue;
    }
    ordinary.push(place);
    willBe.add(placeKey(place));
  }
  return { overrides, ordinary, final, refusals };
}

/** The overrides that belong to a row; a step brings those of its CA along. */
function overridesUnder(plan: Plan, row: Row): readonly OverridePlace[] {
  const places = overridePlacesOf(plan).filter(({ cluster }) => cluster === row.cluster);
  const of = (types: readonly string[]) =>
    places.filter(({ override }) => types.includes(override.authority));
  switch (row.kind) {
    case "cluster":
      return places;
    case "rotation":
      return of(row.rotation.authorities);
    case "step":
      return of([row.step.authority]);
    case "override":
      return of([row.override.authority]);
    case "drift":
      return [];
  }
}

/** Why the entries of a CA cannot be approved, as a sentence; `null` when they can. */
export function overrideRefusal({ cluster, override }: OverridePlace): string | null {
  const title = overrideTitle(override);
  const [missing] = override.actions.flatMap((action) => action.missing);
  if (missing !== undefined) return `${title} waits for ${missing.statement} of ${missing.subject}`;
  const error = override.findings.find(
    ({ severity, waived }) => severity === "error" && waived === undefined,
  );
  if (error !== undefined) return `${title} is blocked: ${error.subject} ${error.message}`;
  if (override.blocked) return `${title} is blocked: ${override.situation}`;
  const drift = cluster.drift.find(({ blocks }) => blocks);
  return drift === undefined ? null : `${title} waits: ${drift.subject} ${drift.message}`;
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
export function refusalOf({ cluster, step }: StepPlace, approved: ReadonlySet<string>): string | null {
  const title = stepTitle(step);
  if (isBlocked(step) && isHeld(step)) {
    const guards = failingGuards(step).map(({ id, outcome }) =>
      outcome === "fail" ? id : `${id} (unknown)`,
    );
    return `${title} is blocked by ${guards.join(", ")}`;
  }
  const drift = heldByDrift(cluster.drift, step);
  if (drift !== undefined) return `${title} waits: ${drift.subject} ${drift.message}`;
  const entries = cluster.overrides.find(({ authority }) => authority === step.authority);
  const comesFirst =
    step.action === "rotate" &&
    entries?.blocked === false &&
    entries.actions.some(({ moment }) => moment === "now");
  if (comesFirst && !approved.has(overrideKey({ cluster, override: entries }))) {
    return `${title} comes after ${overrideTitle(entries)}: approve that first`;
  }
  if (step.after === null) return null;
  const before = cluster.rotations.flatMap(({ steps }) => steps).find(({ id }) => id === step.after);
  if (before === undefined) return `${title} comes after a step that is not in this plan`;
  if (verdictOf(before) !== "ready" && verdictOf(before) !== "later") {
    return `${title} comes after ${stepTitle(before)}, which is not ready`;
  }
  return approved.has(placeKey({ cluster, step: before }))
    ? null
    : `${title} comes after ${stepTitle(before)}: approve that first`;
}

/** Takes back the approval of a step or an override, and of every step that builds on it. */
export function withdraw(plan: Plan, approved: ReadonlySet<string>, row: Row): ReadonlySet<string> {
  const left = new Set(approved);
  for (const place of placesUnder(plan, row)) left.delete(placeKey(place));
  if (row.kind !== "step") {
    for (const place of overridesUnder(plan, row)) left.delete(overrideKey(place));
  }
  for (const place of placesOf(plan)) {
    if (refusalOf(place, left) !== null) left.delete(placeKey(place));
  }
  return left;
}

/** What was approved, for apply. */
export function approvalOf({ plan, approved }: Pick<State, "plan" | "approved">): Approval {
  const steps = placesOf(plan)
    .filter((place) => approved.has(placeKey(place)))
    .map(({ cluster, step }) => approvalKey(cluster.name, step.id));
  const calls = overridePlacesOf(plan)
    .filter((place) => approved.has(overrideKey(place)))
    .flatMap(({ cluster, override }) => override.actions.map(({ id }) => approvalKey(cluster.name, id)));
  const keys = new Set([...steps, ...calls]);
  return approvalWhere(plan, (key) => keys.has(key));
}

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
  return placesOf(state.plan).filter(
    (other) =>
      other.cluster === place.cluster &&
      other.rotation === place.rotation &&
      needsOwnApproval(other.step) &&
      (other === place || other.step.to === place.step.to),
  );
}

/** Whether the text is the name that is asked for, so that Enter would approve. */
export function isTypedRight({ plan }: State, { step, typed }: FinalDialog): boolean {
  const place = placesOf(plan).find((candidate) => placeKey(candidate) === step);
  return place !== undefined && typedName(place) === typed.normalize("NFC");
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
