import type { Fingerprint } from "../../rotation/observation.ts";
import { count } from "../count.ts";
import { aboutText } from "../facts/about-words.ts";
import { componentsText, kindsText } from "../facts/component-words.ts";
import { earliestText } from "../facts/earliest-words.ts";
import { keyMovesText } from "../facts/key-words.ts";
import { probeText } from "../facts/probe-words.ts";
import type { StepFacts } from "../facts/step-facts.ts";
import { waiverText } from "../facts/waived-facts.ts";
import type { Leaf, Part } from "./budget.ts";
import { details } from "./details.ts";
import { code, IN_MARKDOWN, markdownTitle, prose } from "./inline.ts";
import { beside, leaf, type View } from "./leaf.ts";
import { workAhead } from "./work-by-hand.ts";

type Shorten = (fingerprint: Fingerprint) => string;

/** One step as an item of a numbered list: what it does, what it rests on, what holds it. */
export function stepParts(facts: StepFacts, number: number, shorten: Shorten, view: View): readonly Leaf[] {
  const { step } = facts.place;
  const final = step.point_of_no_return ? " **POINT OF NO RETURN**" : "";
  const ahead = workAhead(step);
  const earliest = earliestText(step);
  return [
    leaf("steps", `${number}. **${markdownTitle(step)}**${final}\n`, view),
    leaf("explanations", `   - ${prose(step.why)}\n`, view),
    beside("steps", `   - disrupts: ${prose(step.disrupts)}\n   - undo: ${prose(step.undo)}\n`, view),
    ...evidence(facts, shorten).map((line) => beside("steps", `   - ${line}\n`, view)),
    beside("steps", `   - guards: ${guardSummary(facts)}\n`, view),
    ...(earliest === null ? [] : [beside("steps", `   - ${earliest}\n`, view)]),
    ...waivers(facts, view),
    ...(ahead === null ? [] : [beside("checklist", ahead, view)]),
  ];
}

/** What an approval rests on. */
function evidence(
  { keys, components, waived, probes, place }: StepFacts,
  shorten: Shorten,
): readonly string[] {
  const isNext = place.step.after === null;
  return [
    ...(keys.length === 0 ? [] : [`keys: ${keyMovesText(keys, shorten, code)}`]),
    ...(components === null
      ? []
      : [`seen: ${componentsText(components, waived, IN_MARKDOWN)}: ${prose(kindsText(components))}`]),
    ...(isNext && probes.length > 0
      ? [`probes: ${probes.map((one) => probeText(one, code)).join("; ")}`]
      : []),
  ];
}

function guardSummary({ place, holding, passing, pending, waived }: StepFacts): string {
  const { step } = place;
  const blocking = holding.map(({ id }) => id).join(", ");
  const turn = "judged when the step before it is done";
  if (step.after !== null && holding.length === 0) {
    return step.guards.length === 0 ? turn : `judged when ${code(step.after)} is done`;
  }
  const passes = passing.length + pending.length;
  if (holding.length > 0) {
    if (step.after !== null && passes === 0) return `blocked by ${blocking}; the others are ${turn}`;
    const verb = step.awaited === true ? "waits for" : "blocked by";
    return `${verb} ${blocking}; ${count(passes, "other")} ${passes === 1 ? "passes" : "pass"}`;
  }
  const by = new Set(waived.map(({ guard }) => guard)).size;
  const alone = passes === 1 ? "1 passes" : `${by === 0 ? "all " : ""}${passes} pass`;
  return by === 0 ? alone : `${alone}, ${by} by waiver`;
}

/** A waiver shows in every plan: it is a risk that somebody took. */
function waivers({ waived }: StepFacts, view: View): readonly Leaf[] {
  return waived.map((fact) => {
    const { subject, message, guard, isNew } = fact;
    const mark = isNew ? "**waived, new in this pull request**" : "**waived**";
    const said = waiverText({ ...fact, isNew: false });
    return leaf(
      "drift",
      `   - ${mark}: ${guard}, ${aboutText({ subject: code(subject), message: prose(message) })} (${prose(said)})\n`,
      view,
    );
  });
}

/** The guards that pass, step by step, for whoever wants to know. */
export function passingGuards(facts: readonly StepFacts[], view: View): readonly Part[] {
  const lines = facts
    .filter(({ place }) => place.step.after === null)
    .map(
      ({ place, passing }) =>
        `- ${markdownTitle(place.step)}: ${passing.length === 0 ? "none" : passing.join(", ")}\n`,
    );
  if (lines.length === 0) return [];
  return [details("Guards that pass", [leaf("guards", `${lines.join("")}\n`, view)])];
}
