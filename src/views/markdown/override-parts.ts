import type { OverrideEntryPlan, OverridePlan, PlannedAction } from "../../rotation/override-plan.ts";
import { writtenDate } from "../../written-date.ts";
import { exerciseWords } from "../facts/check-words.ts";
import { actionText, entryStateText, keyOfEntryText, overrideGuardText } from "../facts/override-words.ts";
import { shortHash } from "../fingerprints.ts";
import { dateOf } from "../times.ts";
import { code, prose } from "./inline.ts";

/** The overrides of one CA as items of a list: what is done, the entries that change, what somebody has to have signed. */
export function overrideItems(override: OverridePlan): readonly string[] {
  const { authority, situation, entries, actions, due } = override;
  const acted = new Set(actions.map(({ key_hash }) => key_hash));
  return [
    `- ${code(authority)}: ${prose(situation)}\n`,
    ...actions.map((action) => actionItem(action, override)),
    ...entries.filter(({ key_hash }) => !acted.has(key_hash)).map((entry) => entryItem(entry)),
    ...(override.exercises ?? []).map((one) => `  - ${prose(exerciseWords(one))}\n`),
    ...due.map(({ message, command }) => `  - [ ] ${prose(message)}: ${code(command)}\n`),
  ];
}

function entryItem(entry: OverrideEntryPlan): string {
  const facts = certificateOf(entry);
  return `  - key ${code(shortHash(entry.key_hash))}: ${prose(entryStateText(entry))}${facts === null ? "" : `, ${facts}`}\n`;
}

/** What changes under which certificate a CA signs is a step like any other: what it disrupts, and how it is undone. */
function actionItem(action: PlannedAction, override: OverridePlan): string {
  const { key_hash, disrupts, undo, why } = action;
  const entry = override.entries.find((one) => one.key_hash === key_hash);
  const mark = action.signs === true ? " **CHANGES WHAT SIGNS**" : "";
  const which = entry === undefined ? "" : `, ${keyOfEntryText(entry)}`;
  const facts = entry === undefined ? null : certificateOf(entry);
  return [
    `  - **${prose(actionText(action))}**: key ${code(shortHash(key_hash))}${which}${mark}`,
    `    - ${prose(why)}`,
    ...(facts === null ? [] : [`    - certificate: ${facts}`]),
    ...(entry === undefined || entry.chain.length === 0
      ? []
      : [`    - chain: ${entry.chain.map(code).join(", then ")}`]),
    ...(disrupts === undefined ? [] : [`    - disrupts: ${prose(disrupts)}`]),
    ...(undo === undefined ? [] : [`    - undo: ${prose(undo)}`]),
    `    - guards: ${prose(overrideGuardText(override))}`,
    "",
  ].join("\n");
}

function certificateOf({ subject, issuer, not_after }: OverrideEntryPlan): string | null {
  if (subject === null) return null;
  const by = issuer === null ? "" : `, by ${code(issuer)}`;
  const until = not_after === null ? "" : `, until ${prose(writtenDate(dateOf(not_after)))}`;
  return `${code(subject)}${by}${until}`;
}
