import { clamp } from "./areas.ts";
import { FRESH_GATE, type Gate, gateAnswer } from "./gate.ts";
import { scrollDistance } from "./movement.ts";
import type { Dialog, FinalDialog, Key, State } from "./state.ts";
import { isTypedRight } from "./typed-name.ts";
import { dialogEnd } from "./view/dialog-lines.ts";

/** The state with another gate before its question, where it asks one. */
export function withGate(state: State, change: (gate: Gate) => Gate): State {
  const { dialog } = state;
  if (dialog === null || !("gate" in dialog)) return state;
  const gate = change(dialog.gate);
  return gate === dialog.gate ? state : { ...state, dialog: { ...dialog, gate } };
}

/** What a key does to a question or an explanation. */
export function onDialogKey(state: State, dialog: Dialog, key: Key): State {
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
      return gateAnswer(dialog.gate, false) === "leave" ? closed : state;
    case "final":
      if (key.name === "return" && dialog.top < end) return { ...state, notice: GOES_ON };
      return onTypedKey(state, dialog, key);
    case "approve":
    case "start":
    case "rollback":
      if (key.name === "y" && dialog.top < end) {
        return { ...state, notice: GOES_ON };
      }
      switch (gateAnswer(dialog.gate, key.name === "y")) {
        case "answer":
          return withGate({ ...state, notice: null }, (gate) => ({ ...gate, answered: 0 }));
        case "too-early":
          return hasty(state, key, "that was quick, and nothing happened: press y once more");
        case "too-much":
          return hasty(
            state,
            key,
            "another key came right after the y, and nothing happened: press y once more",
          );
        case "leave":
          return closed;
      }
  }
}

/** The question stays, and has to stand for its time again; only Esc leaves it at once. */
function hasty(state: State, key: Key, notice: string): State {
  if (key.name === "escape") return { ...state, dialog: null };
  return withGate({ ...state, notice }, ({ drawn }) => ({ ...FRESH_GATE, drawn }));
}

const GOES_ON = "nothing happened: the question goes on below, ↓ scrolls it";

/** No name of a cluster is longer. */
export const LONGEST_TYPED = 253;

/** Typing takes as long as it takes; Enter counts when it stands alone, and the name is right to the letter. */
function onTypedKey(state: State, dialog: FinalDialog, key: Key): State {
  const closed: State = { ...state, dialog: null };
  const typing = (typed: string): State => ({
    ...state,
    dialog: { ...dialog, typed, gate: { ...dialog.gate, idle: 0 } },
  });
  if (dialog.gate.answered !== null) {
    return hasty(
      state,
      key,
      "another key came right after Enter, and nothing happened: press Enter once more",
    );
  }
  if (key.name === "escape") return closed;
  if (key.name === "backspace") return typing(withoutLast(dialog.typed));
  if (key.name === "return") {
    if (!isTypedRight(state, dialog)) {
      return { ...closed, notice: "nothing was approved: that is not the name" };
    }
    if (dialog.gate.idle === 0 || gateAnswer(dialog.gate, true) !== "answer") {
      return { ...typing(dialog.typed), notice: "that was quick: press Enter once more" };
    }
    return withGate({ ...state, notice: null }, (gate) => ({ ...gate, answered: 0 }));
  }
  if (!key.printable || dialog.typed.length >= LONGEST_TYPED) return typing(dialog.typed);
  return typing(dialog.typed + key.name);
}

/** Without its last character. */
export function withoutLast(text: string): string {
  return [...text].slice(0, -1).join("");
}
