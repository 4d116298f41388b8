import { awaitedBy } from "../../planner/verdict.ts";
import type { Fingerprint } from "../../rotation/observation.ts";
import type { Finding, GuardVerdict, Step } from "../../rotation/plan.ts";
import { stepTitle } from "../../rotation/plan-steps.ts";
import { commandIn, withoutCommand } from "../../rotation/remedy-command.ts";
import { count } from "../count.ts";
import { aboutText } from "../facts/about-words.ts";
import { componentsText, kindsText } from "../facts/component-words.ts";
import { earliestText } from "../facts/earliest-words.ts";
import { keyMovesText } from "../facts/key-words.ts";
import type { StepFacts } from "../facts/step-facts.ts";
import { waiverText } from "../facts/waived-facts.ts";
import { paragraph } from "./columns.ts";
import type { Paint, TextTone } from "./paint.ts";

/** At most this many findings of one guard are printed; the rest is counted, and all are in JSON. */
const FINDINGS_SHOWN = 12;

const INDENT = "       ";
const HANGING = `${INDENT}          `;

/** One step for people: what it does, what it rests on, what holds it. `shorten` names keys. */
export function stepText(
  facts: StepFacts,
  number: number,
  shorten: (fingerprint: Fingerprint) => string,
  paint: Paint,
): string {
  const { step } = facts.place;
  const final = step.point_of_no_return ? `   ${paint("bad", "POINT OF NO RETURN")}` : "";
  const earliest = earliestText(step);
  const ahead = step.after === null ? [] : step.checklist.filter(({ required }) => required);
  return [
    `    ${paint("accent", `${number}. ${stepTitle(step)}`)}${final}`,
    paragraph(step.why, INDENT),
    labelled("disrupts", step.disrupts),
    labelled("undo", step.undo),
    ...(earliest === null ? [] : [labelled("when", earliest)]),
    ...(facts.keys.length === 0 ? [] : [labelled("keys", keyMovesText(facts.keys, shorten))]),
    ...(facts.components === null
      ? []
      : [
          labelled(
            "seen",
            `${componentsText(facts.components, facts.waived)}: ${kindsText(facts.components)}`,
          ),
        ]),
    ...(ahead.length === 0 ? [] : [labelled("by hand", ahead.map(({ id }) => id).join(", "))]),
    ...guardLines(facts, paint),
    ...(step.after === null ? [] : [labelled("guards", judgedAfter(step))]),
  ].join("\n");
}

function labelled(label: string, text: string): string {
  return paragraph(`${label.padEnd(10)}${text}`, INDENT, HANGING);
}

/** Of its own rotation a reader knows which step that is. */
function judgedAfter({ guards, after }: Step): string {
  if (guards.length === 0 || after === null) return "judged when the step before it is done";
  const pending = guards.filter((guard) => guard.pending === true).map(({ id }) => id);
  if (pending.length === 0) return "the others are judged when the step before it is done";
  return `${pending.join(", ")} judged when ${after} is done`;
}

function guardLines(facts: StepFacts, paint: Paint): readonly string[] {
  const { passing, place, waived } = facts;
  const { step } = place;
  const passed =
    passing.length === 0
      ? []
      : [paragraph(`${paint("good", "pass")}      ${passing.join(", ")}`, INDENT, HANGING)];
  const others = step.guards.filter(
    ({ id, outcome, waived: accepted }) =>
      outcome !== "pass" || waived.some(({ guard }) => guard === id && accepted.length > 0),
  );
  return [...passed, ...others.flatMap((guard) => guardText(guard, facts, paint))];
}

const BLOCKING = { fail: "blocked", unknown: "unknown" } as const;

function guardText(
  { id, outcome, findings }: GuardVerdict,
  { place, waived }: StepFacts,
  paint: Paint,
): readonly string[] {
  const waits = outcome === "fail" && awaitedBy(place.step).length > 0;
  const tone: TextTone = outcome === "pass" || waits ? "warn" : "bad";
  const verdict = waits ? "waits" : outcome === "pass" ? "waived" : BLOCKING[outcome];
  const hidden = findings.length - FINDINGS_SHOWN;
  return [
    `${INDENT}${paint(tone, verdict.padEnd(9))} ${paint("strong", id)}`,
    ...findingsText(findings.slice(0, FINDINGS_SHOWN), paint),
    ...waived
      .filter(({ guard }) => guard === id)
      .flatMap((fact) => [
        paragraph(aboutText(fact), "         ", "           "),
        paragraph(`waived: ${waiverText(fact)}`, "           "),
      ]),
    ...(hidden > 0 ? [`         and ${count(hidden, "more finding")}: --format json has all`] : []),
  ];
}

/**
 * Findings that follow each other and ask for the same say what to do once, behind the last of them; each has its own
 * command, on a line of its own, to be copied.
 */
function findingsText(findings: readonly Finding[], paint: Paint): readonly string[] {
  let commands: string[] = [];
  return findings.flatMap(({ subject, message, remedy }, index) => {
    const command = commandIn(remedy);
    if (command !== null) commands.push(`             ${command}`);
    const what = paragraph(
      aboutText({ subject: paint("strong", subject), message }),
      "         ",
      "           ",
    );
    const sentence = withoutCommand(remedy);
    const next = findings[index + 1]?.remedy;
    if (next !== undefined && withoutCommand(next) === sentence) return [what];
    const typed = commands;
    commands = [];
    return [what, paragraph(`→ ${sentence}`, "           ", "             "), ...typed];
  });
}
