import type { ConsumerObservation } from "../../rotation/observation.ts";
import type { ChecklistItem, RotationPlan, Step } from "../../rotation/plan.ts";
import { holdsText, itemWords, statementCommand } from "../facts/work-words.ts";
import { cell, code, prose } from "./inline.ts";

/** What is left to people, and what probes saw: all of it Markdown of whole lines. */

/** The line above a list of it. */
export function workHead({ standing, live_phase }: RotationPlan): string {
  return standing === "finished"
    ? "Work that is left after the rotation:\n\n"
    : `Work by hand in ${code(live_phase)}:\n\n`;
}

/** One item of a task list. */
export function workItem(item: ChecklistItem, finished: boolean): string {
  const { id, state, by, note, required } = item;
  if (state === "done") {
    const who = by === "probe" ? "seen by probes" : `stated by ${by === null ? "nobody" : prose(by)}`;
    return `- [x] ${prose(item.do)}\n  - ${code(id)} ${who}${note === null ? "" : `: ${prose(note)}`}\n`;
  }
  const lines = [
    `why: ${prose(item.why)}`,
    `verify: ${prose(item.verify)}`,
    ...item.commands.map((command) => `run ${code(command)}`),
    ...(item.artifacts.length === 0
      ? []
      : [`files of ${code("capstan artifacts")}: ${item.artifacts.map(code).join(", ")}`]),
    `when it is done: ${code(statementCommand(item))}`,
  ];
  const said = note === null ? [] : [`note: ${prose(note)}`];
  // Advice is not what people wait for: JSON has the rest of it.
  const shown = required ? [...said, ...lines] : said;
  const holds = ` (${holdsText(item, finished)})`;
  return [`- [ ] ${prose(itemWords(item))}${holds}`, ...shown.map((line) => `  - ${line}`), ""].join("\n");
}

/** The work that a later step waits for, by name; that of the first one stands in full above. */
export function workAhead({ checklist, after }: Step): string | null {
  const ahead = after === null ? [] : checklist.filter(({ required }) => required);
  return ahead.length === 0 ? null : `   - by hand before: ${ahead.map(({ id }) => code(id)).join(", ")}\n`;
}

/** What trusts the CAs outside the cluster, as a table. */
export function consumerTable(consumers: readonly ConsumerObservation[]): string {
  const rows = consumers.map(({ authority, consumer, kind, uses, trusts, detail }) => {
    const cells = [
      cell(`${authority}/${consumer}`),
      cell(kind),
      uses,
      `old: ${trusts.old}, new: ${trusts.new}`,
      cell(detail),
    ];
    return `| ${cells.join(" | ")} |\n`;
  });
  return `| consumer | kind | uses | trusts | seen |\n${"| --- ".repeat(5)}|\n${rows.join("")}\n`;
}
