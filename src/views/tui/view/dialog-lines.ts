import { awaitedBy } from "../../../planner/verdict.ts";
import { isOpenWork } from "../../../rotation/plan-steps.ts";
import { HOLDS } from "../../facts/work-words.ts";
import { finalsWith, isTypedRight, offerOf, overrideRefusal, refusalOf, typedName } from "../approval.ts";
import {
  keyFates,
  moveOf,
  type OverridePlace,
  overrideKey,
  overridePlacesOf,
  overrideTitle,
  placeKey,
  placesOf,
  type StepPlace,
  stepTitle,
} from "../facts.ts";
import { dialogArea } from "../layout.ts";
import {
  type Dialog,
  type FinalDialog,
  type Gate,
  type Question,
  READY_TICKS,
  type State,
} from "../model.ts";
import { count, EMPTY, type Line, line, paragraph, span, spread } from "../text.ts";
import { LEGEND, selectedRow } from "./detail.ts";
import { fateLines } from "./key-lines.ts";
import { labelled } from "./step-lines.ts";

/** How far a question scrolls: 0 when all of it is in view. */
export function dialogEnd(state: State, dialog: Dialog): number {
  const { width, rows } = dialogArea(state.size);
  const { body, foot } = dialogText(state, dialog, width);
  return Math.max(0, body.length - (rows - foot.length - 1));
}

/** A question or an explanation: what it says, and the row of keys that answer it. */
export interface DialogText {
  readonly title: string;
  readonly grave: boolean;
  readonly body: readonly Line[];
  /** Always in view, however long the body is. */
  readonly foot: readonly Line[];
}

export function dialogText(state: State, dialog: Dialog, width: number): DialogText {
  switch (dialog.kind) {
    case "help":
      return { title: "Help", grave: false, body: helpLines(state, width), foot: [anyKey("goes back")] };
    case "refused":
      return {
        title: dialog.title,
        grave: true,
        body: dialog.reasons.flatMap((reason) => paragraph(reason, width, { lead: line(span("✗ ", "bad")) })),
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
          ...dialog.differences.flatMap((one) => paragraph(one, width, { lead: line(span("± ", "warn")) })),
          EMPTY,
          ...paragraph(
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

function anyKey(effect: string, gate?: Gate): Line {
  const tone = gate === undefined || isReady(gate) ? "plain" : "dim";
  return line(span(`any key ${effect}`, tone));
}

/** The answer is offered once it counts. */
function yesOrNo(gate: Gate, effect: string): Line {
  if (gate.answered !== null)
    return line(span(`${effect} …`, "strong"), span("   any key takes it back", "dim"));
  if (!isReady(gate)) return line(span("one moment …", "dim"));
  return line(
    span(" y ", "cursor"),
    span(` ${effect}`, "strong"),
    span("     any other key does not", "dim"),
  );
}

function isReady({ drawn, age }: Gate): boolean {
  return drawn && age >= READY_TICKS;
}

function stepsOf(state: State, keys: readonly string[]): readonly StepPlace[] {
  return placesOf(state.plan).filter((place) => keys.includes(placeKey(place)));
}

function overridesOf(state: State, keys: readonly string[]): readonly OverridePlace[] {
  return overridePlacesOf(state.plan).filter((place) => keys.includes(overrideKey(place)));
}

function approveText(
  state: State,
  { approves, gate }: Extract<Question, { kind: "approve" }>,
  width: number,
): DialogText {
  const places = stepsOf(state, approves);
  const overrides = overridesOf(state, approves);
  const row = selectedRow(state);
  const left = row === undefined ? [] : offerOf(state, row).refusals;
  const [only] = places;
  const body =
    places.length === 1 && overrides.length === 0 && only !== undefined
      ? oneStep(only, width)
      : [
          ...overrides.flatMap((place) => oneOverride(place, width)),
          ...places.flatMap((place) => [
            ...paragraph(`${place.cluster.name}, ${stepTitle(place.step)}`, width, {
              lead: line("○ "),
              tone: "strong",
            }),
            ...paragraph(`disrupts ${place.step.disrupts}`, width, { lead: line("  ") }),
          ]),
          ...(left.length === 0 ? [] : [EMPTY, line(span("not among them:", "dim"))]),
          ...left.flatMap((reason) => paragraph(reason, width, { lead: line(span("✗ ", "bad")) })),
        ];
  const what = [
    ...(overrides.length === 0 ? [] : [count(overrides.length, "override")]),
    ...(places.length === 0 ? [] : [count(places.length, "step")]),
  ];
  const title = places.length === 1 && overrides.length === 0 ? "this step" : what.join(" and ");
  return { title: `Approve ${title}?`, grave: false, body, foot: [yesOrNo(gate, "approves")] };
}

/** Every call, so that nobody approves what they did not see. */
function oneOverride({ cluster, override }: OverridePlace, width: number): Line[] {
  return [
    ...paragraph(`${cluster.name}, ${overrideTitle(override)}`, width, {
      lead: line("○ "),
      tone: "strong",
    }),
    ...override.actions.flatMap(({ purpose, key_hash, call, force, moment }) => {
      const how = [call, ...(force ? ["with force"] : []), ...(moment === "now" ? [] : ["after standby"])];
      return paragraph(`${purpose} ${key_hash.slice(0, 16)}… (${how.join(", ")})`, width, {
        lead: line("  "),
        ...(force ? { tone: "bad" as const } : {}),
      });
    }),
  ];
}

/** The list of components has them all. */
const AWAITED_SHOWN = 5;

function oneStep({ step }: StepPlace, width: number): Line[] {
  const passed = step.guards.filter(
    ({ outcome, waived }) => outcome === "pass" && waived.length === 0,
  ).length;
  const waits = awaitedBy(step);
  const waived = step.guards.flatMap((guard) => guard.waived);
  const open = step.checklist.filter(isOpenWork);
  return [
    ...paragraph(stepTitle(step), width, { tone: "strong" }),
    ...labelled("disrupts", step.disrupts, width),
    ...labelled("undo", step.undo, width, step.reversible ? "plain" : "bad"),
    ...labelled(
      "guards",
      step.after === null ? `${count(passed, "guard")} pass` : "judged right before the step",
      width,
    ),
    ...waits
      .slice(0, AWAITED_SHOWN)
      .flatMap(({ subject, message }) => labelled("waits", `for ${subject}: ${message}`, width, "warn")),
    ...(waits.length > AWAITED_SHOWN
      ? labelled("waits", `for ${count(waits.length - AWAITED_SHOWN, "more")}`, width, "warn")
      : []),
    ...waived.flatMap(({ subject, message, reason }) =>
      labelled("waived", `${subject} ${message} (${reason})`, width, "warn"),
    ),
    ...open.flatMap((item) => labelled("by hand", `open, and ${HOLDS.required}: ${item.do}`, width, "warn")),
  ];
}

function finalText(state: State, dialog: FinalDialog, width: number): DialogText {
  const [place] = stepsOf(state, [dialog.step]);
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
        ...oneStep(one, width),
        ...fateLines(keyFates(one.rotation, moveOf(one.step)), width),
      ]),
      ...overridesOf(state, dialog.overrides).flatMap((one) => oneOverride(one, width)),
    ],
    foot: [
      ...paragraph(`Type ${typedName(place)}, then Enter; Esc goes back.`, width),
      spread(field, effect === "" ? EMPTY : line(span(effect, "strong")), width),
    ],
  };
}

function startText(state: State, gate: Gate, width: number): DialogText {
  const places = placesOf(state.plan);
  const approved = places.filter((place) => state.approved.has(placeKey(place)));
  const overrides = overridesOf(state, [...state.approved]);
  const left = places.length - approved.length;
  const what = [
    ...(overrides.length === 0 ? [] : [count(overrides.length, "approved override")]),
    ...(approved.length === 0 ? [] : [count(approved.length, "approved step")]),
  ];
  return {
    title: `Start ${what.join(" and ")}?`,
    grave: approved.some(({ step }) => step.point_of_no_return),
    body: [
      ...overrides.flatMap(({ cluster, override }) =>
        paragraph(`${cluster.name}, ${overrideTitle(override)}`, width, {
          lead: line(span("✔ ", "good")),
          tone: "strong",
        }),
      ),
      ...approved.flatMap(({ cluster, step }) =>
        paragraph(`${cluster.name}, ${stepTitle(step)}`, width, {
          lead: line(span("✔ ", "good")),
          tone: step.point_of_no_return ? "bad" : "strong",
        }),
      ),
      ...(left === 0
        ? []
        : [
            EMPTY,
            ...paragraph(`${count(left, "step")} of the plan not approved: apply stops before.`, width, {
              tone: "dim",
            }),
          ]),
      EMPTY,
      ...paragraph(
        "The clusters are looked at once more before anything is written. If something moved, you are shown what, and asked again.",
        width,
      ),
    ],
    foot: [yesOrNo(gate, "starts")],
  };
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
      ...paragraph(`${cluster}, ${rotation}${where}`, width, { tone: "strong" }),
      EMPTY,
      ...paragraph(
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

function helpLines({ mode }: State, width: number): Line[] {
  const keys: readonly (readonly [string, string])[] =
    mode === "watch" || mode === "replay" ? WATCH_KEYS[mode] : REVIEW_KEYS[mode];
  const shown = keys.flatMap(([name, what]) =>
    paragraph(what, width, { lead: line(span(name.padEnd(11), "strong")) }),
  );
  if (mode !== "approve" && mode !== "read") return shown;
  return [...shown, EMPTY, ...LEGEND];
}

const MOVE_KEYS = [
  ["↑ ↓  j k", "move, or scroll the right-hand side"],
  ["← →  h l", "fold and unfold"],
  ["Tab", "other side; space and Page Down scroll the right-hand one"],
  ["1 2 3 4", "the step, the YAML diff, keys and certificates, components"],
  ["b", "only what is blocked"],
  ["/", "search among components"],
] as const;

const REVIEW_KEYS = {
  read: [...MOVE_KEYS, ["q  Ctrl-C", "leave"]],
  approve: [
    ...MOVE_KEYS,
    [
      "a",
      "ask for the selected step or override, or for all ordinary steps of a row; then y, when it is offered, and alone",
    ],
    ["w", "withdraw an approval"],
    ["s", "start what is approved; nothing else is ever started"],
    ["q  Ctrl-C", "leave; nothing is approved then"],
  ],
} as const;

const WATCH_KEYS = {
  watch: [
    ["r", "roll back, while that is possible; then y"],
    ["q  Ctrl-C", "stop at a safe point; capstan apply goes on from there"],
    ["↑ ↓  j k", "move in the list of who has not followed"],
    ["/", "search in it"],
    ["← →  h l", "other rotations of the run; f follows the one that moves"],
  ],
  replay: [
    ["space", "pause and go on"],
    [". ,", "one event on, one back"],
    ["+ -", "faster, slower"],
    ["↑ ↓  j k", "move in the list of who has not followed"],
    ["/", "search in it"],
    ["← →  h l", "other rotations of the run"],
    ["q  Ctrl-C", "leave"],
  ],
} as const;

/** Why the selected row cannot be approved, for the line above the keys; `null` when it can, or needs no word. */
export function refusalHint(state: State): string | null {
  const row = selectedRow(state);
  if (state.mode !== "approve") return null;
  if (row?.kind === "override") return row.override.actions.length === 0 ? null : overrideRefusal(row);
  if (row?.kind !== "step") return null;
  return state.approved.has(placeKey(row)) ? null : refusalOf(row, state.approved);
}
