import type { RunEvent } from "../../apply/event.ts";
import { planDifference } from "../../planner/saved/plan-difference.ts";
import type { Plan } from "../../rotation/plan.ts";
import {
  answerOf,
  finalsWith,
  isTypedRight,
  offerOf,
  overrideRefusal,
  refusalOf,
  tickGate,
  typedName,
  withdraw,
} from "./approval.ts";
import { overrideKey, overridePlacesOf, placeKey, placesOf } from "./facts.ts";
import { clamp } from "./layout.ts";
import {
  type Dialog,
  type FinalDialog,
  FRESH,
  type Gate,
  isTooSmall,
  type Key,
  type Question,
  type RollbackTarget,
  type Size,
  type State,
  startState,
  wholeSeconds,
} from "./model.ts";
import { moveKey, scrollDistance, watchMoveKey } from "./movement.ts";
import { playKey, playOn } from "./replay.ts";
import { hear, rollbackRefusal } from "./run.ts";
import { firstRow, rowsOf } from "./tree.ts";
import { dialogEnd } from "./view/dialog-lines.ts";

export type Action =
  | { readonly type: "key"; readonly key: Key }
  /** Time passes, `TICK_MS` of it. */
  | { readonly type: "tick"; readonly now: number }
  /** What the state describes is on the screen now. */
  | { readonly type: "drawn" }
  | { readonly type: "resize"; readonly size: Size }
  | { readonly type: "event"; readonly event: RunEvent }
  /** The clusters were looked at again. */
  | { readonly type: "rechecked"; readonly plan: Plan }
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
      return onRechecked(state, action.plan);
    case "recheck-failed":
      if (state.status !== "rechecking") return state;
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
  return event.type === "plan" ? { ...state, run, plan: event.plan } : { ...state, run };
}

function withGate(state: State, change: (gate: Gate) => Gate): State {
  const { dialog } = state;
  if (dialog === null || !("gate" in dialog)) return state;
  const gate = change(dialog.gate);
  return gate === dialog.gate ? state : { ...state, dialog: { ...dialog, gate } };
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
  const place = placesOf(state.plan).find((one) => placeKey(one) === step);
  return place === undefined ? [] : finalsWith(state, place).map(placeKey);
}

function approve(state: State, keys: readonly string[]): State {
  const approved = new Set(state.approved);
  for (const place of overridePlacesOf(state.plan)) {
    const key = overrideKey(place);
    if (keys.includes(key) && overrideRefusal(place) === null) approved.add(key);
  }
  for (const place of placesOf(state.plan)) {
    const key = placeKey(place);
    if (keys.includes(key) && refusalOf(place, approved) === null) approved.add(key);
  }
  const more = approved.size - state.approved.size;
  return { ...state, approved, notice: `${more === 1 ? "approved" : `${more} approved`}; s starts` };
}

function onRechecked(state: State, plan: Plan): State {
  if (state.status !== "rechecking") return state;
  const found = planDifference(state.plan, plan).map(withShortFingerprints);
  if (found.length === 0) return { ...state, status: "agreed" };
  const fresh = startState({ ...state, plan });
  const rows = rowsOf(plan, state);
  return {
    ...fresh,
    folded: state.folded,
    selected: rows.some(({ id }) => id === state.selected) ? state.selected : firstRow(plan),
    dialog: { kind: "moved", differences: found, ...FRESH },
  };
}

/** On a screen the first letters tell keys apart, as everywhere else on it. */
function withShortFingerprints(sentence: string): string {
  return sentence.replaceAll(/sha256:([0-9a-f]{8})[0-9a-f]{56}/g, "$1…");
}

function onKey(state: State, key: Key): State {
  if (key.name === "ctrl-c") return leave(state);
  if (isTooSmall(state.size)) return key.name === "q" ? leave(state) : state;
  if (state.status !== "open")
    return key.name === "q" && state.status === "rechecking" ? leave(state) : state;
  if (state.dialog !== null) return onDialogKey(state, state.dialog, key);
  const calm = state.notice === null ? state : { ...state, notice: null };
  if (calm.searching) return onSearchKey(calm, key);
  switch (key.name) {
    case "q":
      return leave(calm);
    case "?":
      return { ...calm, dialog: { kind: "help", top: 0 } };
    case "/":
      return calm.mode === "watch" || calm.mode === "replay"
        ? { ...calm, searching: true, at: 0 }
        : { ...calm, searching: true, view: "components", focus: "detail", at: 0 };
    case "escape":
      return { ...calm, query: "", track: null, at: calm.query === "" ? calm.at : 0 };
  }
  if (calm.mode === "watch" || calm.mode === "replay") return onWatchKey(calm, key);
  return onReviewKey(calm, key);
}

/** `q` and Ctrl-C: out of a review at once; a run stops where it is safe, and its last event ends the screen. */
function leave(state: State): State {
  if (state.mode !== "watch") return { ...state, status: "left", approved: new Set(), dialog: null };
  return { ...state, dialog: null, searching: false, asked: { ...state.asked, stop: true } };
}

function onWatchKey(state: State, key: Key): State {
  if (state.replay !== null) return playKey(state, state.replay, key) ?? watchMoveKey(state, key);
  if (key.name !== "r") return watchMoveKey(state, key);
  const { run, asked } = state;
  const track = run.tracks[run.active ?? -1];
  const refusal =
    asked.rollback !== null
      ? "the rollback was asked for already"
      : asked.stop
        ? "the run is stopping"
        : rollbackRefusal(run, track);
  if (refusal !== null || track === undefined) return noWayBack(state, refusal ?? "nothing has moved yet");
  const { cluster, rotation, authority } = track;
  return { ...state, dialog: { kind: "rollback", target: { cluster, rotation, authority }, ...FRESH } };
}

/** The run may have gone on since the question was asked. */
function rollBack(state: State, target: RollbackTarget): State {
  const { run, asked } = state;
  const track = run.tracks[run.active ?? -1];
  const same =
    track?.cluster === target.cluster &&
    track.rotation === target.rotation &&
    track.authority === target.authority;
  const refusal = same ? rollbackRefusal(run, track) : "the run has gone on to another rotation";
  return refusal === null ? { ...state, asked: { ...asked, rollback: target } } : noWayBack(state, refusal);
}

function noWayBack(state: State, reason: string): State {
  return {
    ...state,
    dialog: { kind: "refused", top: 0, title: "There is no way back from here", reasons: [reason] },
  };
}

function onReviewKey(state: State, key: Key): State {
  const row = rowsOf(state.plan, state).find(({ id }) => id === state.selected);
  switch (key.name) {
    case "a":
      return state.mode === "read" || row === undefined
        ? onlyReading(state)
        : ask(state, offerOf(state, row));
    case "w": {
      if (row === undefined || state.approved.size === 0) return state;
      const approved = withdraw(state.plan, state.approved, row);
      if (approved.size === state.approved.size) return state;
      return { ...state, approved, notice: "no longer approved" };
    }
    case "s":
      if (state.mode === "read") return onlyReading(state);
      if (state.approved.size === 0) {
        return { ...state, notice: "nothing is approved: a asks for the selected step" };
      }
      return { ...state, dialog: { kind: "start", ...FRESH } };
    default:
      return moveKey(state, key);
  }
}

function onlyReading(state: State): State {
  return { ...state, notice: "this only shows the plan: capstan apply asks for approval" };
}

function ask(state: State, { overrides, ordinary, final, refusals }: ReturnType<typeof offerOf>): State {
  const entries = overrides.map(overrideKey);
  if (final !== null) {
    if (typedName(final) !== null) {
      return {
        ...state,
        dialog: { kind: "final", step: placeKey(final), overrides: entries, typed: "", ...FRESH },
      };
    }
    return refused(state, ["the name cannot be typed here: use --approve-final"]);
  }
  const approves = [...entries, ...ordinary.map(placeKey)];
  if (approves.length > 0) return { ...state, dialog: { kind: "approve", approves, ...FRESH } };
  if (refusals.length > 0) return refused(state, refusals);
  return { ...state, notice: "there is nothing left to approve here" };
}

function refused(state: State, reasons: readonly string[]): State {
  return { ...state, dialog: { kind: "refused", top: 0, title: "This cannot be approved", reasons } };
}

function onDialogKey(state: State, dialog: Dialog, key: Key): State {
  const closed: State = { ...state, dialog: null };
  const end = dialogEnd(state, dialog);
  const by = end === 0 ? null : scrollDistance(key);
  if (by !== null) return { ...state, dialog: { ...dialog, top: clamp(dialog.top + by, 0, end) } };
  switch (dialog.kind) {
    case "help":
    case "refused":
      return closed;
    case "moved":
      // It has to be read: keys that were on their way do not close it.
      return answerOf(dialog.gate, false) === "leave" ? closed : state;
    case "final":
      if (key.name === "return" && dialog.top < end) return { ...state, notice: GOES_ON };
      return onTypedKey(state, dialog, key);
    case "approve":
    case "start":
    case "rollback":
      if (key.name === "y" && dialog.top < end) {
        return { ...closed, notice: GOES_ON };
      }
      switch (answerOf(dialog.gate, key.name === "y")) {
        case "answer":
          return withGate(state, (gate) => ({ ...gate, answered: 0 }));
        case "too-early":
          return { ...closed, notice: "nothing happened: that key came before the question could be read" };
        case "too-much":
          return { ...closed, notice: "nothing happened: another key came right after the y" };
        case "leave":
          return closed;
      }
  }
}

const GOES_ON = "nothing happened: the question goes on below, ↓ scrolls it";

const LONGEST_NAME = 253;

/** Typing takes as long as it takes; Enter counts when it stands alone, and the name is right to the letter. */
function onTypedKey(state: State, dialog: FinalDialog, key: Key): State {
  const closed: State = { ...state, dialog: null };
  const typing = (typed: string): State => ({
    ...state,
    dialog: { ...dialog, typed, gate: { ...dialog.gate, idle: 0 } },
  });
  if (dialog.gate.answered !== null) {
    return { ...closed, notice: "nothing happened: another key came right after Enter" };
  }
  if (key.name === "escape") return closed;
  if (key.name === "backspace") return typing(withoutLast(dialog.typed));
  if (key.name === "return") {
    if (!isTypedRight(state, dialog)) {
      return { ...closed, notice: "nothing was approved: that is not the name" };
    }
    if (dialog.gate.idle === 0 || answerOf(dialog.gate, true) !== "answer") {
      return { ...typing(dialog.typed), notice: "that was quick: press Enter once more" };
    }
    return withGate({ ...state, notice: null }, (gate) => ({ ...gate, answered: 0 }));
  }
  if (!key.printable || dialog.typed.length >= LONGEST_NAME) return typing(dialog.typed);
  return typing(dialog.typed + key.name);
}

function withoutLast(text: string): string {
  return [...text].slice(0, -1).join("");
}

function onSearchKey(state: State, key: Key): State {
  if (key.name === "return" || key.name === "down") return { ...state, searching: false };
  if (key.name === "escape") return { ...state, searching: false, query: "", at: 0 };
  if (key.name === "backspace") return { ...state, query: withoutLast(state.query), at: 0 };
  if (!key.printable || state.query.length >= LONGEST_NAME) return state;
  return { ...state, query: state.query + key.name, at: 0 };
}
