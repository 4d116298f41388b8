import { type Approval, approvalKey, approvalWhere } from "../../apply/approval.ts";
import { heldByDrift } from "../../planner/drift.ts";
import { failingGuards, isHeld } from "../../planner/startable.ts";
import { needsOwnApproval, type Plan } from "../../rotation/plan.ts";
import { clusterSteps, type StepPlace, stepPlaces, stepTitle } from "../../rotation/plan-steps.ts";
import { type OverridePlace, overrideKey, overridePlaces, overrideTitle, placeKey } from "./places.ts";
import type { Row } from "./rows.ts";
import type { State } from "./state.ts";
import { isRefused, stepVerdict } from "./step-verdict.ts";

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

/** What of a row, and below it, is not approved yet and could be. */
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
    const refusal = stepRefusal(place, willBe);
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
  const places = overridePlaces(plan).filter(({ cluster }) => cluster === row.cluster);
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
  const places = stepPlaces(plan).filter(({ cluster }) => cluster === row.cluster);
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
export function stepRefusal({ cluster, step }: StepPlace, approved: ReadonlySet<string>): string | null {
  const title = stepTitle(step);
  if (isRefused(step) && isHeld(step)) {
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
  const before = clusterSteps(cluster).find(({ id }) => id === step.after);
  if (before === undefined) return `${title} comes after a step that is not in this plan`;
  if (stepVerdict(before) !== "ready" && stepVerdict(before) !== "later") {
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
  for (const place of stepPlaces(plan)) {
    if (stepRefusal(place, left) !== null) left.delete(placeKey(place));
  }
  return left;
}

/** What was approved, for apply. */
export function approvedOnScreen({ plan, approved }: Pick<State, "plan" | "approved">): Approval {
  const steps = stepPlaces(plan)
    .filter((place) => approved.has(placeKey(place)))
    .map(({ cluster, step }) => approvalKey(cluster.name, step.id));
  const calls = overridePlaces(plan)
    .filter((place) => approved.has(overrideKey(place)))
    .flatMap(({ cluster, override }) => override.actions.map(({ id }) => approvalKey(cluster.name, id)));
  const keys = new Set([...steps, ...calls]);
  return approvalWhere(plan, (key) => keys.has(key));
}
