import { seenText } from "../../../planner/saved/plan-difference.ts";
import { failingGuards } from "../../../planner/startable.ts";
import type { ConsumerObservation } from "../../../rotation/observation.ts";
import type {
  BasePlan,
  ChecklistItem,
  Finding,
  GuardVerdict,
  RotationPlan,
  Step,
} from "../../../rotation/plan.ts";
import type { StepPlace } from "../../../rotation/plan-steps.ts";
import { commandIn, withoutCommand } from "../../../rotation/remedy-command.ts";
import { writtenDate } from "../../../written-date.ts";
import { aboutText } from "../../facts/about-words.ts";
import { CHECK_TONES, checkWords, EXERCISE_TONES, exerciseWords } from "../../facts/check-words.ts";
import { componentsText } from "../../facts/component-words.ts";
import { CONSUMER_TONES } from "../../facts/consumer-tones.ts";
import { stepFacts } from "../../facts/step-facts.ts";
import { holdsText, itemWords, statementCommand } from "../../facts/work-words.ts";
import type { Tone } from "../../tone.ts";
import { placeKey } from "../places.ts";
import {
  countOnScreen,
  EMPTY,
  type Line,
  line,
  type Span,
  span,
  spread,
  widthOf,
  wrapped,
} from "../spans.ts";
import { stepVerdict } from "../step-verdict.ts";
import { moveLines } from "./key-lines.ts";
import { signOf, verdictChip } from "./tree-lines.ts";

/** More findings of one guard are in the list of components, where they can be searched. */
const FINDINGS_SHOWN = 8;
const LABEL = 10;

/** Everything that matters about one step. */
export function stepLines(
  place: StepPlace,
  approved: ReadonlySet<string>,
  base: BasePlan | undefined,
  width: number,
): Line[] {
  const { step, rotation } = place;
  const { components, waived } = stepFacts(place, base);
  return [
    ...headLines(place, approved.has(placeKey(place)), width),
    ...wrapped(step.why, width),
    ...refusingLines(step, width),
    EMPTY,
    ...labelled("disrupts", step.disrupts, width),
    ...labelled("undo", step.undo, width, step.reversible ? "plain" : "bad"),
    ...(components === null ? [] : labelled("seen", componentsText(components, waived), width)),
    ...passingLines(step, width),
    ...checklistLines(step.checklist, width),
    ...checkLinesOnScreen(rotation, width),
    ...consumerLines(
      rotation.consumers.filter(({ authority }) => authority === step.authority),
      width,
    ),
    EMPTY,
    ...moveLines(step.keys ?? [], rotation.keys, width),
  ];
}

function headLines({ step }: StepPlace, approved: boolean, width: number): Line[] {
  const title =
    step.action === "verify"
      ? line(span(step.authority, "dim"), " ", span(`wait for ${step.to}`, "strong"))
      : line(span(step.authority, "dim"), " ", span(`${step.from} → ${step.to}`, "strong"));
  const chip = verdictChip(step, approved);
  const fits = widthOf(title) + widthOf([chip]) + 1 <= width;
  const head = fits ? [spread(title, [chip], width)] : [title, [chip]];
  return step.point_of_no_return ? [...head, [span(" POINT OF NO RETURN ", "chip-bad")]] : head;
}

export function labelled(label: string, text: string, width: number, tone: Span["tone"] = "plain"): Line[] {
  return wrapped(text, width, { tone, lead: line(span(label.padEnd(LABEL), "dim")) });
}

/** What blocks comes first: it is why somebody looks. */
function refusingLines(step: Step, width: number): Line[] {
  return failingGuards(step).flatMap((guard) => [EMPTY, ...guardLine(guard, step, width)]);
}

function passingLines(step: Step, width: number): Line[] {
  if (stepVerdict(step) === "later") {
    return labelled(
      "guards",
      "judged when the step before it is done, and again right before this one",
      width,
    );
  }
  const passing = step.guards.filter(({ outcome }) => outcome === "pass");
  const clean = passing.filter(({ waived }) => waived.length === 0);
  const names = clean.map(({ id }) => id).join(", ");
  return [
    ...(clean.length === 0 ? [] : labelled("guards", `✓ ${names}`, width)),
    ...passing.filter((guard) => !clean.includes(guard)).flatMap((guard) => guardLine(guard, step, width)),
  ];
}

function guardLine(guard: GuardVerdict, step: Step, width: number): Line[] {
  const { findings, waived } = guard;
  const waits = stepVerdict(step) === "waits";
  const [sign, verdict, tone] = ((): readonly [Span, string, Span["tone"]] => {
    if (guard.outcome === "pass") return [span("±", "warn"), "passes by waiver", "warn"];
    if (waits) return [signOf("waits"), "not yet: apply waits for it", "warn"];
    if (guard.outcome === "unknown") return [signOf("unknown"), "cannot tell, which blocks", "bad"];
    return [signOf("blocked"), "blocks", "bad"];
  })();
  const hidden = findings.length - FINDINGS_SHOWN;
  return [
    line(sign, " ", span(guard.id, "strong"), " ", span(verdict, tone)),
    ...findings.slice(0, FINDINGS_SHOWN).flatMap((finding, index) => {
      // One remedy for a row of findings is said once, under the last of them; each has its own command.
      const next = index + 1 < FINDINGS_SHOWN ? findings[index + 1] : undefined;
      const isLast = next === undefined || withoutCommand(next.remedy) !== withoutCommand(finding.remedy);
      return findingLines(finding, isLast, width);
    }),
    ...(hidden > 0
      ? [line("  ", span(`and ${countOnScreen(hidden, "more finding")}: 4 lists them all`, "dim"))]
      : []),
    ...waived.flatMap(({ subject, message, reason, expires }) => [
      ...wrapped(aboutText({ subject, message }), width, { lead: line("  ") }),
      ...wrapped(`waived: ${reason}, until ${writtenDate(expires)}`, width, {
        tone: "warn",
        lead: line("    "),
      }),
    ]),
  ];
}

function findingLines({ subject, message, remedy }: Finding, withRemedy: boolean, width: number): Line[] {
  const command = commandIn(remedy);
  return [
    ...wrapped(aboutText({ subject, message }), width, { lead: line("  ") }),
    ...(command === null
      ? []
      : wrapped(command, width, { tone: "strong", lead: line("  ", span("$ ", "dim")) })),
    ...(withRemedy ? wrapped(withoutCommand(remedy), width, { lead: line("  ", span("→ ", "dim")) }) : []),
  ];
}

/** Work by hand: what is open in full, what is done in a line. */
export function checklistLines(items: readonly ChecklistItem[], width: number): Line[] {
  if (items.length === 0) return [];
  const done = items.filter(({ state }) => state === "done").length;
  return [
    EMPTY,
    line(
      span("by hand".padEnd(LABEL), "dim"),
      span(`${done} of ${items.length} done`, done < items.length ? "warn" : "good"),
    ),
    ...items.flatMap((item) => (item.state === "done" ? doneLines(item, width) : openLines(item, width))),
  ];
}

function openLines(item: ChecklistItem, width: number): Line[] {
  const { note, required, verify, commands, artifacts } = item;
  const lead = (text: string) => line("    ", span(text, "dim"));
  const what = `${itemWords(item)} (${holdsText(item, false)})`;
  return [
    ...wrapped(what, width, { lead: line(span("[ ] ", required ? "bad" : "dim")) }),
    ...(note === null ? [] : wrapped(note, width, { tone: "warn", lead: lead("") })),
    // Advice is not what anything waits for.
    ...(required
      ? [
          ...(verify === "" ? [] : wrapped(verify, width, { lead: lead("check ") })),
          ...commands.flatMap((command) => wrapped(command, width, { tone: "strong", lead: lead("$ ") })),
          ...(artifacts.length === 0 ? [] : wrapped(artifacts.join(", "), width, { lead: lead("files ") })),
          ...wrapped(statementCommand(item), width, { tone: "dim", lead: lead("done  ") }),
        ]
      : []),
  ];
}

function doneLines({ id, by, note }: ChecklistItem, width: number): Line[] {
  const said = `${id}  ${by === "probe" ? "seen by a probe" : `stated by ${by}`}${note === null ? "" : `: ${note}`}`;
  return wrapped(said, width, { lead: line(span("[x] ", "good")) });
}

/** What the record knows of the checks of one's own, and of overrides in use. */
export function checkLinesOnScreen(
  { checks = [], exercises = [] }: Pick<RotationPlan, "checks" | "exercises">,
  width: number,
): Line[] {
  const said: readonly { readonly text: string; readonly tone: Tone }[] = [
    ...checks.map((one) => ({ text: `${one.name}: ${checkWords(one)}`, tone: CHECK_TONES[one.state] })),
    ...exercises.map((one) => ({ text: exerciseWords(one), tone: EXERCISE_TONES[one.state] })),
  ];
  if (said.length === 0) return [];
  return [
    EMPTY,
    ...said.flatMap(({ text, tone }, index) =>
      wrapped(text, width, {
        tone,
        lead: line(span((index === 0 ? "checks" : "").padEnd(LABEL), "dim")),
      }),
    ),
  ];
}

/** What trusts the CA outside the cluster, as probes saw it. */
export function consumerLines(consumers: readonly ConsumerObservation[], width: number): Line[] {
  if (consumers.length === 0) return [];
  return [
    EMPTY,
    ...consumers.flatMap((one, index) => [
      ...wrapped(`${one.kind} ${one.consumer}: ${seenText(one)}`, width, {
        tone: CONSUMER_TONES[one.uses],
        lead: line(span((index === 0 ? "outside" : "").padEnd(LABEL), "dim")),
      }),
      ...(one.detail === ""
        ? []
        : wrapped(one.detail, width, { tone: "dim", lead: line(" ".repeat(LABEL)) })),
    ]),
  ];
}
