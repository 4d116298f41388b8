import type { ConsumerObservation } from "../../rotation/observation.ts";
import type { ChecklistItem, RotationPlan } from "../../rotation/plan.ts";
import { CONSUMER_TONES } from "../facts/consumer-tones.ts";
import { holdsText, shownWork, statementCommand } from "../facts/work-words.ts";
import { harmlessLine } from "../harmless.ts";
import { COLUMNS, paragraph, table } from "./columns.ts";
import type { Paint } from "./paint.ts";

/** The work by hand of the phase at hand, open pieces in full, done ones in a line; `null` when there is none. */
export function checklistText(rotation: RotationPlan, paint: Paint): string | null {
  const { standing, live_phase } = rotation;
  const finished = standing === "finished";
  const shown = shownWork(rotation);
  if (shown.length === 0) return null;
  const head = finished ? "work that is left after the rotation" : `work by hand in ${live_phase}`;
  const done = shown.filter(({ state }) => state === "done").length;
  return [
    `    ${paint("strong", head)}${finished ? "" : `, ${done} of ${shown.length} done`}`,
    ...shown.map((item) => itemText(item, finished, paint)),
  ].join("\n");
}

function itemText(item: ChecklistItem, finished: boolean, paint: Paint): string {
  const { id, state, by, note, required } = item;
  if (state === "done") {
    const who = by === "probe" ? "seen by probes" : `stated by ${by}`;
    const said = note === null ? "" : `: ${note}`;
    return paragraph(`${paint("good", "[x]")} ${id}  ${harmlessLine(who + said)}`, "    ", "        ");
  }
  const mark = paint(required ? "bad" : "dim", "[ ]");
  const holds = paint(required && !finished ? "bad" : "dim", holdsText(item, finished));
  const lines = [paragraph(`${mark} ${paint("strong", id)}  ${holds}`, "    ", INDENT)];
  if (note !== null) lines.push(paragraph(`note    ${harmlessLine(note)}`, INDENT, DEEPER));
  lines.push(paragraph(item.do, INDENT));
  // Advice is not what people wait for: JSON has the rest of it.
  if (!required) return lines.join("\n");
  lines.push(paragraph(`why     ${item.why}`, INDENT, DEEPER));
  lines.push(paragraph(`verify  ${item.verify}`, INDENT, DEEPER));
  for (const command of item.commands) lines.push(commandText(command));
  if (item.artifacts.length > 0) {
    lines.push(paragraph(`files   ${item.artifacts.join(", ")} of \`capstan artifacts\``, INDENT, DEEPER));
  }
  if (!finished) lines.push(paragraph(`done    ${statementCommand(item)}`, INDENT, DEEPER));
  return lines.join("\n");
}

/** A command stays on one line, to be copied; what it is for stands below it. */
function commandText(command: string): string {
  const [typed = "", what] = command.split(/\s+# /);
  const line = `${INDENT}run     ${typed}`;
  const fits = line.length <= COLUMNS;
  const below = what === undefined ? [] : [paragraph(`# ${what}`, fits ? DEEPER : `${INDENT}  `)];
  return [...(fits ? [line] : [`${INDENT}run`, `${INDENT}  ${typed}`]), ...below].join("\n");
}

const INDENT = "        ";
const DEEPER = "                ";

/** What trusts the CAs outside the cluster, a line each, and below it what the probe says. */
export function consumersText(
  consumers: readonly ConsumerObservation[],
  indent: string,
  paint: Paint,
): string {
  const rows = consumers.map(({ authority, consumer, kind, uses, trusts }) => [
    `${authority}/${harmlessLine(consumer)}`,
    kind,
    paint(uses === "old" ? "dim" : CONSUMER_TONES[uses], usesText(uses)),
    trustText(trusts),
  ]);
  const details = consumers.map(({ consumer, detail }) =>
    paragraph(`${harmlessLine(consumer)}: ${harmlessLine(detail)}`, `${indent}  `, `${indent}    `),
  );
  const heads = ["consumer", "kind", "uses", "trusts"].map((head) => paint("dim", head));
  return [table([heads, ...rows], indent), ...details].join("\n");
}

function usesText(uses: ConsumerObservation["uses"]): string {
  return uses === "old" || uses === "new" ? `${uses} key` : uses;
}

function trustText({ old, new: fresh }: ConsumerObservation["trusts"]): string {
  const names = [
    ...(old === "yes" ? ["old"] : []),
    ...(fresh === "yes" ? ["new"] : []),
    ...(old === "no" ? ["not old"] : []),
    ...(fresh === "no" ? ["not new"] : []),
  ];
  return names.length === 0 ? "not seen" : names.join(", ");
}
