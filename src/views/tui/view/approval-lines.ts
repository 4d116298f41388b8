import { awaitedBy } from "../../../planner/verdict.ts";
import { type StepPlace, stepPlaces, stepTitle } from "../../../rotation/plan-steps.ts";
import { aboutText } from "../../facts/about-words.ts";
import { componentsText } from "../../facts/component-words.ts";
import { actionText } from "../../facts/override-words.ts";
import { type StepFacts, stepFacts } from "../../facts/step-facts.ts";
import { waiverText } from "../../facts/waived-facts.ts";
import { HOLDS } from "../../facts/work-words.ts";
import { shortHash } from "../../fingerprints.ts";
import type { Gate } from "../gate.ts";
import { offerOf } from "../offer.ts";
import { type OverridePlace, overrideKey, overridePlaces, overrideTitle, placeKey } from "../places.ts";
import { countOnScreen, EMPTY, type Line, line, span, spread, wrapped } from "../spans.ts";
import type { FinalDialog, Question, State } from "../state.ts";
import { finalsWith, isTypedRight, typedName } from "../typed-name.ts";
import { selectedRow } from "./detail-lines.ts";
import { type DialogText, yesOrNo } from "./dialog-text.ts";
import { effectLines, moveLines } from "./key-lines.ts";
import { labelled } from "./step-lines.ts";

function stepsAmong(state: State, keys: readonly string[]): readonly StepPlace[] {
  return stepPlaces(state.plan).filter((place) => keys.includes(placeKey(place)));
}

function overridesAmong(state: State, keys: readonly string[]): readonly OverridePlace[] {
  return overridePlaces(state.plan).filter((place) => keys.includes(overrideKey(place)));
}

/** The question about ordinary steps and overrides. */
export function approveText(
  state: State,
  { approves, gate }: Extract<Question, { kind: "approve" }>,
  width: number,
): DialogText {
  const places = stepsAmong(state, approves);
  const overrides = overridesAmong(state, approves);
  const row = selectedRow(state);
  const left = row === undefined ? [] : offerOf(state, row).refusals;
  const [only] = places;
  const body =
    places.length === 1 && overrides.length === 0 && only !== undefined
      ? oneStep(state, only, width)
      : [
          ...overrides.flatMap((place) => oneOverride(place, width)),
          ...places.flatMap((place) => [
            ...wrapped(`${place.cluster.name}, ${stepTitle(place.step)}`, width, {
              lead: line("○ "),
              tone: "strong",
            }),
            ...wrapped(`disrupts ${place.step.disrupts}`, width, { lead: line("  ") }),
            ...wrapped(guardsInWords(stepFacts(place, state.plan.base)), width, { lead: line("  ") }),
            ...openWork(stepFacts(place, state.plan.base), width),
          ]),
          ...(left.length === 0 ? [] : [EMPTY, line(span("not among them:", "dim"))]),
          ...left.flatMap((reason) => wrapped(reason, width, { lead: line(span("✗ ", "bad")) })),
        ];
  const what = [
    ...(overrides.length === 0 ? [] : [countOnScreen(overrides.length, "override")]),
    ...(places.length === 0 ? [] : [countOnScreen(places.length, "step")]),
  ];
  const title = places.length === 1 && overrides.length === 0 ? "this step" : what.join(" and ");
  return { title: `Approve ${title}?`, grave: false, body, foot: [yesOrNo(gate, "approves")] };
}

/** Every call, so that nobody approves what they did not see. */
function oneOverride({ cluster, override }: OverridePlace, width: number): Line[] {
  return [
    ...wrapped(`${cluster.name}, ${overrideTitle(override)}`, width, {
      lead: line("○ "),
      tone: "strong",
    }),
    ...override.actions.flatMap((action) => [
      ...wrapped(`${shortHash(action.key_hash)}: ${actionText(action)}`, width, {
        lead: line("  "),
        ...(action.force ? { tone: "bad" as const } : {}),
      }),
      ...(action.signs === true ? effectLines(action, width, "  ") : []),
    ]),
  ];
}

/** The list of components has them all. */
const AWAITED_SHOWN = 5;

function oneStep(state: State, place: StepPlace, width: number): Line[] {
  const { step } = place;
  const facts = stepFacts(place, state.plan.base);
  const waits = awaitedBy(step);
  return [
    ...wrapped(stepTitle(step), width, { tone: "strong" }),
    ...labelled("disrupts", step.disrupts, width),
    ...labelled("undo", step.undo, width, step.reversible ? "plain" : "bad"),
    ...labelled("guards", guardsInWords(facts), width, facts.holding.length > 0 ? "warn" : "plain"),
    ...(facts.components === null
      ? []
      : labelled("seen", componentsText(facts.components, facts.waived), width)),
    ...waits
      .slice(0, AWAITED_SHOWN)
      .flatMap(({ subject, message }) => labelled("waits", `for ${subject}: ${message}`, width, "warn")),
    ...(waits.length > AWAITED_SHOWN
      ? labelled("waits", `for ${countOnScreen(waits.length - AWAITED_SHOWN, "more")}`, width, "warn")
      : []),
    ...facts.waived.flatMap((fact) =>
      labelled("waived", `${aboutText(fact)} (${waiverText(fact)})`, width, "warn"),
    ),
    ...openWork(facts, width),
  ];
}

/** What passes and what waits, each by its own word: a wait is no pass. */
function guardsInWords({ place, passing, pending, holding }: StepFacts): string {
  const { step } = place;
  if (step.after !== null) return "judged right before the step";
  const held = holding.map(({ id }) => id).join(", ");
  return [
    `${countOnScreen(passing.length, "guard")} ${passing.length === 1 ? "passes" : "pass"}`,
    ...(pending.length === 0 ? [] : [`${pending.length} judged later: ${pending.join(", ")}`]),
    ...(holding.length === 0
      ? []
      : [`${holding.length} ${step.awaited === true ? "not yet" : "blocking"}: ${held}`]),
  ].join("; ");
}

function openWork({ open }: StepFacts, width: number): Line[] {
  return open.flatMap((item) =>
    labelled("by hand", `open, and ${HOLDS.required}: ${item.do}`, width, "warn"),
  );
}

/** The question of the point of no return. */
export function finalText(state: State, dialog: FinalDialog, width: number): DialogText {
  const [place] = stepsAmong(state, [dialog.step]);
  if (place === undefined) return { title: "", grave: true, body: [], foot: [] };
  const { gate, typed } = dialog;
  const right = isTypedRight(state, dialog);
  const effect = gate.answered !== null ? "approves … any key takes it back" : right ? "Enter approves" : "";
  const field = line(
    span("> ", "dim"),
    span(typed, "strong"),
    gate.answered === null ? span(" ", "cursor") : "",
  );
  return {
    // In the title, so that a small screen has all of the question in view.
    title: `The point of no return: ${place.cluster.name}/${place.rotation.name}`,
    grave: true,
    body: [
      ...finalsWith(state, place).flatMap((one) => [
        ...oneStep(state, one, width),
        ...moveLines(one.step.keys ?? [], one.rotation.keys, width),
      ]),
      ...overridesAmong(state, dialog.overrides).flatMap((one) => oneOverride(one, width)),
    ],
    foot: [
      ...wrapped(`Type ${typedName(place)}, then Enter; Esc goes back.`, width),
      spread(field, effect === "" ? EMPTY : line(span(effect, "strong")), width),
    ],
  };
}

/** The last question: hand over what was approved. */
export function startText(state: State, gate: Gate, width: number): DialogText {
  const places = stepPlaces(state.plan);
  const approved = places.filter((place) => state.approved.has(placeKey(place)));
  const overrides = overridesAmong(state, [...state.approved]);
  const left = places.length - approved.length;
  const what = [
    ...(overrides.length === 0 ? [] : [countOnScreen(overrides.length, "approved override")]),
    ...(approved.length === 0 ? [] : [countOnScreen(approved.length, "approved step")]),
  ];
  return {
    title: `Start ${what.join(" and ")}?`,
    grave: approved.some(({ step }) => step.point_of_no_return),
    body: [
      ...overrides.flatMap(({ cluster, override }) =>
        wrapped(`${cluster.name}, ${overrideTitle(override)}`, width, {
          lead: line(span("✔ ", "good")),
          tone: "strong",
        }),
      ),
      ...approved.flatMap(({ cluster, step }) =>
        wrapped(`${cluster.name}, ${stepTitle(step)}`, width, {
          lead: line(span("✔ ", "good")),
          tone: step.point_of_no_return ? "bad" : "strong",
        }),
      ),
      ...(left === 0
        ? []
        : [
            EMPTY,
            ...wrapped(
              `${countOnScreen(left, "step")} of the plan not approved: apply stops before.`,
              width,
              {
                tone: "dim",
              },
            ),
          ]),
      EMPTY,
      ...wrapped(
        "The clusters are looked at once more before anything is written. If something moved, you are shown what, and asked again.",
        width,
      ),
    ],
    foot: [yesOrNo(gate, "starts")],
  };
}
