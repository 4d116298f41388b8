import { dialogArea } from "../areas.ts";
import { overrideRefusal, stepRefusal } from "../offer.ts";
import { placeKey } from "../places.ts";
import { EMPTY, line, span, wrapped } from "../spans.ts";
import type { Dialog, Question, State } from "../state.ts";
import { approveText, finalText, startText } from "./approval-lines.ts";
import { selectedRow } from "./detail-lines.ts";
import { anyKey, type DialogText, yesOrNo } from "./dialog-text.ts";
import { helpLines } from "./help-lines.ts";
import { labelled } from "./step-lines.ts";

/** How far a question scrolls: 0 when all of it is in view. */
export function dialogEnd(state: State, dialog: Dialog): number {
  const { width, rows } = dialogArea(state.size);
  const { body, foot } = dialogText(state, dialog, width);
  return Math.max(0, body.length - (rows - foot.length - 1));
}

export function dialogText(state: State, dialog: Dialog, width: number): DialogText {
  switch (dialog.kind) {
    case "help":
      return { title: "Help", grave: false, body: helpLines(state, width), foot: [anyKey("goes back")] };
    case "refused":
      return {
        title: dialog.title,
        grave: true,
        body: dialog.reasons.flatMap((reason) => wrapped(reason, width, { lead: line(span("✗ ", "bad")) })),
        foot: [anyKey("goes back")],
      };
    case "approve":
      return approveText(state, dialog, width);
    case "final":
      return finalText(state, dialog, width);
    case "start":
      return startText(state, dialog.gate, width);
    case "moved":
      return {
        title: "The clusters moved while this was being read",
        grave: true,
        body: [
          ...dialog.differences.flatMap((one) => wrapped(one, width, { lead: line(span("± ", "warn")) })),
          EMPTY,
          ...wrapped(
            "Nothing was started and nothing is approved any more. The plan behind this is the new one.",
            width,
          ),
        ],
        foot: [anyKey("shows the new plan", dialog.gate)],
      };
    case "rollback":
      return rollbackText(state, dialog, width);
  }
}

function rollbackText(
  { run }: State,
  { target, gate }: Extract<Question, { kind: "rollback" }>,
  width: number,
): DialogText {
  const { cluster, rotation, authority } = target;
  const track = run.tracks.find((one) => one.cluster === cluster && one.authority === authority);
  const where = track === undefined ? "" : `: ${authority} is in ${track.phase}`;
  return {
    title: "Roll back?",
    grave: true,
    body: [
      ...wrapped(`${cluster}, ${rotation}${where}`, width, { tone: "strong" }),
      EMPTY,
      ...wrapped(
        "The step that runs is abandoned, the old key signs again, and the new key is dropped once nobody needs it.",
        width,
      ),
      ...labelled("disrupts", "components that had moved to the new key restart or reconnect", width),
      ...labelled(
        "after it",
        "the same content in git does not start the rotation again until it changes or somebody resumes it with a reason",
        width,
      ),
    ],
    foot: [yesOrNo(gate, "rolls back")],
  };
}

/** Why the selected row cannot be approved, for the line above the keys; `null` when it can, or needs no word. */
export function refusalHint(state: State): string | null {
  const row = selectedRow(state);
  if (state.mode !== "approve") return null;
  if (row?.kind === "override") return row.override.actions.length === 0 ? null : overrideRefusal(row);
  if (row?.kind !== "step") return null;
  return state.approved.has(placeKey(row)) ? null : stepRefusal(row, state.approved);
}
