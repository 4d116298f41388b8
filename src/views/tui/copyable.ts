import type { Finding } from "../../rotation/plan.ts";
import { isOpenWork } from "../../rotation/plan-steps.ts";
import { statementCommand } from "../facts/work-words.ts";
import { harmless } from "../harmless.ts";
import { type Row, rowsOf } from "./rows.ts";
import { isListing, isWatching, type State } from "./state.ts";
import { selectedComponent } from "./view/component-lines.ts";
import { laggardsOf, shownTrack } from "./view/watch-lines.ts";

/**
 * What `c` copies: the command that a remedy of what is selected names, else the id by which commands know it. `null`
 * where there is neither.
 */
export function copyable(state: State): string | null {
  const text = isListing(state)
    ? (state.list?.selected ?? null)
    : isWatching(state)
      ? ofWatch(state)
      : ofReview(state);
  // It is pasted into a shell.
  return text === null || harmless(text) !== text ? null : text;
}

function ofWatch(state: State): string | null {
  const track = shownTrack(state);
  return laggardsOf(track?.waiting ?? null, state.query)[state.at]?.subject ?? track?.rotation ?? null;
}

function ofReview(state: State): string | null {
  if (state.view === "components") return selectedComponent(state);
  const row = rowsOf(state.plan, state).find(({ id }) => id === state.selected);
  return row === undefined ? null : ofRow(row);
}

function ofRow(row: Row): string | null {
  switch (row.kind) {
    case "cluster":
      return row.cluster.name;
    case "rotation":
      return row.rotation.name;
    case "step": {
      const { guards, checklist, id } = row.step;
      const findings = guards.flatMap((guard) => guard.findings);
      const open = checklist.find(isOpenWork);
      return firstCommand(findings) ?? (open === undefined ? id : statementCommand(open));
    }
    case "drift":
      return row.drift.command ?? firstCommand([row.drift]) ?? row.drift.subject;
    case "override": {
      const { due, actions, findings } = row.override;
      const missing = actions.flatMap((action) => action.missing);
      return due[0]?.command ?? missing[0]?.subject ?? firstCommand(findings) ?? actions[0]?.id ?? null;
    }
  }
}

/** The first command between backticks. */
function firstCommand(findings: readonly Pick<Finding, "remedy">[]): string | null {
  for (const { remedy } of findings) {
    const command = /`(capstan [^`]+)`/.exec(remedy)?.[1];
    if (command !== undefined) return command;
  }
  return null;
}
