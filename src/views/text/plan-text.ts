import type { Fingerprint } from "../../rotation/observation.ts";
import type { Pins } from "../../rotation/pins.ts";
import type {
  ClusterPlan,
  ClusterProblem,
  Drift,
  Finding,
  Plan,
  RotationPlan,
  Step,
} from "../../rotation/plan.ts";
import { stepTitle } from "../../rotation/plan-steps.ts";
import { commandIn, withoutCommand } from "../../rotation/remedy-command.ts";
import { count } from "../count.ts";
import { exerciseWords } from "../facts/check-words.ts";
import { earliestText } from "../facts/earliest-words.ts";
import { standingText } from "../facts/standing-words.ts";
import { planShortener } from "../fingerprints.ts";
import { harmlessLine, harmlessValue } from "../harmless.ts";
import { dateOf } from "../times.ts";
import { baseText } from "./base-text.ts";
import { checkLines } from "./check-lines.ts";
import { checklistText, consumersText } from "./checklist-text.ts";
import { paragraph, table } from "./columns.ts";
import { overrideText } from "./override-text.ts";
import type { Paint, TextTone } from "./paint.ts";
import { railText } from "./rail-text.ts";
import { verdictText } from "./verdict-text.ts";

/** At most this many findings of one guard are printed; the rest is counted, and all are in JSON. */
const FINDINGS_SHOWN = 12;

/** The plan for people: what changes, why, what blocks and what to do about it. Ends with a line feed. */
export function planText(made: Plan, paint: Paint): string {
  // All of it at once: a field that is added later cannot be forgotten.
  const plan = harmlessValue(made);
  const shorten = planShortener(plan);
  const commit = placeOf(plan) === "" ? "" : paint("dim", `  at ${placeOf(plan)}`);
  const parts = plan.clusters.map((cluster) => clusterText(cluster, shorten, paint, commit));
  const base = plan.base === undefined ? [] : [baseText(plan.base, paint)];
  return `${[...base, ...parts, verdictText(plan, paint)].join("\n")}\n`;
}

/** What was planned. */
function placeOf({ commit, uncommitted }: Plan): string {
  const files = uncommitted === undefined ? [] : [count(uncommitted.length, "uncommitted file")];
  return [...(commit === null ? [] : [`commit ${commit.slice(0, 12)}`]), ...files].join(" and ");
}

type Shorten = (fingerprint: Fingerprint) => string;

function clusterText(cluster: ClusterPlan, shorten: Shorten, paint: Paint, commit: string): string {
  const lines = [`${paint("strong", harmlessLine(cluster.name))} (${cluster.platform})${commit}`, ""];
  if (cluster.problem !== null) return [...lines, problemText(cluster.problem, paint), ""].join("\n");
  if (cluster.rotations.length === 0) lines.push("  no rotation is declared", "");
  for (const rotation of cluster.rotations) lines.push(rotationText(rotation, shorten, paint), "");
  for (const override of cluster.overrides) lines.push(overrideText(override, paint), "");
  if (cluster.drift.length > 0) {
    lines.push(`  ${paint("strong", "drift")}: what git did not ask for`);
    for (const drift of cluster.drift) lines.push(driftText(drift, paint));
    lines.push("");
  }
  return lines.join("\n");
}

/** Nothing else is known of the cluster. */
function problemText({ code, message, remedy }: ClusterProblem, paint: Paint): string {
  const what = paragraph(`${paint("bad", code)} ${harmlessLine(message)}`, "  ", "    ");
  return `${what}\n${paragraph(`→ ${harmlessLine(remedy)}`, "    ", "      ")}`;
}

function rotationText(rotation: RotationPlan, shorten: Shorten, paint: Paint): string {
  const lines = [
    `  ${paint("strong", harmlessLine(rotation.name))}  ${rotation.authorities.join(", ")}: ${standingText(rotation)}`,
    `    ${railText(rotation, paint)}`,
  ];
  // Whoever works by hand needs them, whether or not git asks for a step.
  const moves = rotation.steps.length > 0 || rotation.standing === "in_progress";
  if (moves) lines.push("", keysText(rotation, shorten, paint));
  if (moves && rotation.ca_pins !== null && rotation.live_phase !== "standby") {
    lines.push("", pinsText(rotation.ca_pins, paint));
  }
  if (moves && rotation.consumers.length > 0) {
    lines.push("", consumersText(rotation.consumers, "    ", paint));
  }
  if (moves && rotation.checks !== undefined) lines.push("", checkLines(rotation.checks, paint));
  for (const exercise of rotation.exercises ?? [])
    lines.push(paragraph(harmlessLine(exerciseWords(exercise)), "    ", "      "));
  for (const note of rotation.notes) lines.push(paragraph(`note: ${harmlessLine(note)}`, "    ", "      "));
  const work = checklistText(rotation, paint);
  if (work !== null) lines.push("", work);
  for (const [index, step] of rotation.steps.entries()) lines.push("", stepText(step, index + 1, paint));
  return lines.join("\n");
}

function keysText({ keys, authorities }: RotationPlan, shorten: Shorten, paint: Paint): string {
  const rows = keys
    .filter(({ protocol }) => protocol === "tls" || !keys.some((key) => key.protocol === "tls"))
    .map((key) => [
      ...(authorities.length > 1 ? [harmlessLine(key.authority)] : []),
      key.role === "other" ? "key" : key.role,
      paint(key.status === "active" ? "strong" : "dim", key.status),
      shorten(key.fingerprint),
      key.algorithm ?? "",
      key.storage ?? "",
      key.certificate === null ? "" : `until ${dateOf(key.certificate.notAfter)}`,
    ]);
  return table(rows, "    ");
}

/** Whole, as people copy them. */
function pinsText({ old, new: fresh }: Pins, paint: Paint): string {
  return [
    `    ${paint("dim", "ca_pin lists both until standby, then the new one alone")}`,
    ...old.map((pin) => `    old ${pin}`),
    ...fresh.map((pin) => `    new ${pin}`),
  ].join("\n");
}

function stepText(step: Step, number: number, paint: Paint): string {
  const title = `${number}. ${stepTitle(step)}`;
  const lines = [
    `    ${paint("accent", title)}${step.point_of_no_return ? `   ${paint("bad", "POINT OF NO RETURN")}` : ""}`,
  ];
  lines.push(paragraph(step.why, "       "));
  lines.push(paragraph(`disrupts  ${step.disrupts}`, "       ", "                 "));
  lines.push(paragraph(`undo      ${step.undo}`, "       ", "                 "));
  const earliest = earliestText(step);
  if (earliest !== null) lines.push(`       when      ${earliest}`);
  const ahead = step.after === null ? [] : step.checklist.filter(({ required }) => required);
  if (ahead.length > 0) {
    const ids = ahead.map(({ id }) => id).join(", ");
    lines.push(paragraph(`by hand   ${ids}`, "       ", "                 "));
  }
  if (step.guards.length > 0) lines.push(guardsText(step, paint));
  if (step.after !== null)
    lines.push(paragraph(`guards    ${judgedAfter(step)}`, "       ", "                 "));
  return lines.join("\n");
}

const BLOCKING = { fail: "blocked", unknown: "unknown" } as const;

/** Of its own rotation a reader knows which step that is. */
function judgedAfter({ guards, after }: Step): string {
  if (guards.length === 0 || after === null) return "judged when the step before it is done";
  const pending = guards.filter((guard) => guard.pending === true).map(({ id }) => id);
  if (pending.length === 0) return "the others are judged when the step before it is done";
  return `${pending.join(", ")} judged when ${harmlessLine(after)} is done`;
}

function guardsText({ guards, awaited }: Step, paint: Paint): string {
  const certain = guards.filter(({ pending }) => pending !== true);
  const passed = certain.filter(({ outcome, waived }) => outcome === "pass" && waived.length === 0);
  const lines =
    passed.length === 0
      ? []
      : [
          paragraph(
            `${paint("good", "pass")}      ${passed.map(({ id }) => id).join(", ")}`,
            "       ",
            "                 ",
          ),
        ];
  for (const guard of certain.filter((candidate) => !passed.includes(candidate))) {
    const waits = awaited === true && guard.outcome === "fail";
    const tone: TextTone = guard.outcome === "pass" || waits ? "warn" : "bad";
    const verdict = waits ? "waits" : guard.outcome === "pass" ? "waived" : BLOCKING[guard.outcome];
    lines.push(`       ${paint(tone, verdict.padEnd(9))} ${paint("strong", guard.id)}`);
    lines.push(...findingsText(guard.findings.slice(0, FINDINGS_SHOWN), paint));
    for (const { subject, message, reason, expires } of guard.waived) {
      lines.push(paragraph(harmlessLine(`${subject} ${message}`), "         ", "           "));
      lines.push(paragraph(harmlessLine(`waived until ${expires}: ${reason}`), "           "));
    }
    const hidden = guard.findings.length - FINDINGS_SHOWN;
    if (hidden > 0) lines.push(`         and ${count(hidden, "more finding")}: --format json has all`);
  }
  return lines.join("\n");
}

/**
 * Findings that follow each other and ask for the same say what to do once, behind the last of them; each has its own
 * command, on a line of its own, to be copied.
 */
function findingsText(findings: readonly Finding[], paint: Paint): readonly string[] {
  let commands: string[] = [];
  return findings.flatMap(({ subject, message, remedy }, index) => {
    const command = commandIn(remedy);
    if (command !== null) commands.push(`             ${harmlessLine(command)}`);
    const what = paragraph(
      `${paint("strong", harmlessLine(subject))} ${harmlessLine(message)}`,
      "         ",
      "           ",
    );
    const sentence = withoutCommand(remedy);
    const next = findings[index + 1]?.remedy;
    if (next !== undefined && withoutCommand(next) === sentence) return [what];
    const typed = commands;
    commands = [];
    return [what, paragraph(`→ ${harmlessLine(sentence)}`, "           ", "             "), ...typed];
  });
}

function driftText({ id, subject, message, remedy, blocks }: Drift, paint: Paint): string {
  const head = `${paint(blocks ? "bad" : "warn", blocks ? "blocks" : "notice")} ${id}: ${harmlessLine(`${subject} ${message}`)}`;
  return `${paragraph(head, "    ", "      ")}\n${paragraph(`→ ${harmlessLine(remedy)}`, "      ", "        ")}`;
}
