import type { RunEvent } from "../../apply/event.ts";
import { planDifference } from "../../planner/saved/plan-difference.ts";
import { stepPlaces } from "../../rotation/plan-steps.ts";
import { hear } from "../run/hear.ts";
import { withGate } from "./dialog-keys.ts";
import { tickGate } from "./gate.ts";
import { overrideRefusal, stepRefusal } from "./offer.ts";
import { overrideKey, overridePlaces, placeKey } from "./places.ts";
import { playOn } from "./playback.ts";
import { rollBack } from "./rollback.ts";
import { firstRow, rowsOf } from "./rows.ts";
import { onKey } from "./screen-keys.ts";
import {
  type FinalDialog,
  FRESH,
  type Key,
  type NewLook,
  type Question,
  type Size,
  type State,
  startState,
  wholeSeconds,
  withPlan,
} from "./state.ts";
import { finalsWith } from "./typed-name.ts";

/** Everything that can change the screen. */
export type Action =
  | { readonly type: "key"; readonly key: Key }
  /** Time passes, `TICK_MS` of it. */
  | { readonly type: "tick"; readonly now: number }
  /** What the state describes is on the screen now. */
  | { readonly type: "drawn" }
  | { readonly type: "resize"; readonly size: Size }
  | { readonly type: "event"; readonly event: RunEvent }
  /** The clusters were looked at again. */
  | ({ readonly type: "rechecked" } & NewLook)
  | { readonly type: "recheck-failed"; readonly message: string; readonly hint: string | null };

/** Every change of the screen, for review and watch alike. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "key":
      return onKey(state, action.key);
    case "tick":
      return onTick(state, wholeSeconds(action.now));
    case "drawn":
      return withGate(state, (gate) => (gate.drawn ? gate : { ...gate, drawn: true }));
    case "resize":
      // A question that has to be drawn anew has to be read anew.
      return withGate({ ...state, size: action.size }, () => FRESH.gate);
    case "event":
      return onEvent(state, action.event);
    case "rechecked":
      return onRechecked(state, action);
    case "recheck-failed":
      if (state.status !== "rechecking" && state.status !== "looking") return state;
      return {
        ...state,
        status: "open",
        dialog: {
          kind: "refused",
          top: 0,
          title: "The clusters could not be looked at again",
          reasons: action.hint === null ? [action.message] : [action.message, action.hint],
        },
      };
  }
}

function onEvent(state: State, event: RunEvent): State {
  const run = hear(state.run, event);
  return event.type === "plan" ? withPlan({ ...state, run }, event.plan) : { ...state, run };
}

function onTick(state: State, now: number): State {
  const later =
    state.replay !== null ? playOn(state, state.replay) : now === state.now ? state : { ...state, now };
  const { dialog } = later;
  if (dialog === null || !("gate" in dialog)) return later;
  const { gate, fires } = tickGate(dialog.gate);
  return fires ? answered(later, dialog) : withGate(later, () => gate);
}

/** A question was answered, and nothing hurried on. */
function answered(state: State, dialog: Question): State {
  const closed: State = { ...state, dialog: null };
  switch (dialog.kind) {
    case "approve":
      return approve(closed, dialog.approves);
    case "final":
      return approve(closed, [...dialog.overrides, ...finalKeys(state, dialog)]);
    case "start":
      return { ...closed, status: "rechecking", notice: null };
    case "rollback":
      return rollBack(closed, dialog.target);
    case "moved":
      return closed;
  }
}

/** Of a pair both halves: they are one rotation, and one answer. */
function finalKeys(state: State, { step }: Pick<FinalDialog, "step">): readonly string[] {
  const place = stepPlaces(state.plan).find((one) => placeKey(one) === step);
  return place === undefined ? [] : finalsWith(state, place).map(placeKey);
}

function approve(state: State, keys: readonly string[]): State {
  const approved = new Set(state.approved);
  for (const place of overridePlaces(state.plan)) {
    const key = overrideKey(place);
    if (keys.includes(key) && overrideRefusal(place) === null) approved.add(key);
  }
  for (const place of stepPlaces(state.plan)) {
    const key = placeKey(place);
    if (keys.includes(key) && stepRefusal(place, approved) === null) approved.add(key);
  }
  const more = approved.size - state.approved.size;
  return { ...state, approved, notice: `${more === 1 ? "approved" : `${more} approved`}; s starts` };
}

function onRechecked(before: State, { plan, components = before.components }: NewLook): State {
  if (before.status !== "rechecking" && before.status !== "looking") return before;
  const state = { ...before, components };
  const found = planDifference(state.plan, plan).map(withShortFingerprints);
  if (found.length === 0) {
    // Counts may have moved all the same.
    return state.status === "rechecking"
      ? { ...state, status: "agreed" }
      : { ...withPlan(state, plan), status: "open", notice: "looked again: nothing has moved" };
  }
  const fresh = startState({ ...state, plan });
  const { list } = withPlan(state, plan);
  const rows = rowsOf(plan, { ...state, list });
  return {
    ...fresh,
    list,
    folded: state.folded,
    selected: rows.some(({ id }) => id === state.selected) ? state.selected : firstRow(plan, list),
    dialog: { kind: "moved", differences: found, ...FRESH },
  };
}

/** On a screen the first letters tell keys apart, as everywhere else on it. */
function withShortFingerprints(sentence: string): string {
  return sentence.replaceAll(/sha256:([0-9a-f]{8})[0-9a-f]{56}/g, "$1…");
}
