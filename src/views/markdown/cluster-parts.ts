import { failingGuards, isBlocked } from "../../planner/startable.ts";
import type { Fingerprint } from "../../rotation/observation.ts";
import type { OverridePlan } from "../../rotation/override-plan.ts";
import type { ClusterPlan, Drift, GuardVerdict, KeyPlan, RotationPlan, Step } from "../../rotation/plan.ts";
import { clusterSteps } from "../../rotation/plan-steps.ts";
import { count } from "../count.ts";
import { checkWords, exerciseWords } from "../facts/check-words.ts";
import { earliestText } from "../facts/earliest-words.ts";
import { standingText } from "../facts/standing-words.ts";
import { shownWork } from "../facts/work-words.ts";
import { plainPaint } from "../text/paint.ts";
import { railText } from "../text/rail-text.ts";
import { dateOf } from "../times.ts";
import type { Group, Leaf, Part } from "./budget.ts";
import { IMPORTANCE } from "./importance.ts";
import { cell, code, fence, html, markdownTitle, prose } from "./inline.ts";
import { type Risk, riskOf } from "./risk.ts";
import { consumerTable, overrideItems, workAhead, workHead, workItem } from "./work-by-hand.ts";

type Shorten = (fingerprint: Fingerprint) => string;

interface View {
  readonly shorten: Shorten;
  readonly risk: Risk;
}

/** Everything about one cluster that moves or has something to say; folded where there are many of them. */
export function clusterParts(cluster: ClusterPlan, shorten: Shorten, folded: boolean): Part {
  const view = { shorten, risk: riskOf(cluster) };
  const parts = [
    ...cluster.rotations.flatMap((rotation) => rotationParts(rotation, view)),
    ...overrideParts(cluster.overrides, view),
    ...driftParts(cluster.drift, view),
  ];
  if (!folded) return { open: `### ${code(cluster.name)} (${cluster.platform})\n\n`, parts, close: "" };
  return details(`${html(cluster.name)} ${summaryOf(cluster, view.risk)}`, parts);
}

function summaryOf(cluster: ClusterPlan, risk: Risk): string {
  const steps = clusterSteps(cluster).length;
  const verdict = ["nothing to do", "ready", "point of no return", "blocked"][risk];
  return `(${cluster.platform}): ${count(steps, "step")}, ${verdict}`;
}

/** The names of the clusters that nothing happens to. */
export function quietParts(clusters: readonly ClusterPlan[], folded: boolean): readonly Part[] {
  if (clusters.length === 0) return [];
  const lines = clusters.map(({ name, rotations }) => ({
    text: `- ${code(name)}${rotations.map((rotation) => `, ${code(rotation.name)} ${standingText(rotation, code)}`).join("")}\n`,
    importance: IMPORTANCE.quiet,
    what: "clusters with nothing to do",
  }));
  const parts = [...lines, spacing()];
  return folded ? [details(`${count(clusters.length, "cluster")} with nothing to do`, parts)] : parts;
}

function rotationParts(rotation: RotationPlan, view: View): readonly Part[] {
  const { name, authorities, steps, notes, keys } = rotation;
  const head = `#### ${code(name)} ${prose(authorities.join(", "))}: ${standingText(rotation, code)}\n\n`;
  return [
    beside("steps", `${head}${fence(railText(rotation, plainPaint), "text")}\n`, view),
    ...notes.map((note) => leaf("explanations", `- note: ${prose(note)}\n`, view)),
    ...(notes.length === 0 ? [] : [beside("explanations", "\n", view)]),
    ...checkParts(rotation, view),
    ...workParts(rotation, view),
    ...steps.flatMap((step, index) => stepParts(step, index + 1, view)),
    ...(steps.length === 0 ? [] : [beside("steps", "\n", view)]),
    ...passingGuards(steps, view),
    ...consumers(rotation, view),
    ...certificates(keys, view),
  ];
}

function workParts(rotation: RotationPlan, view: View): readonly Part[] {
  const items = shownWork(rotation);
  if (items.length === 0) return [];
  const lines = items.map((item) =>
    leaf("checklist", workItem(item, rotation.standing === "finished"), view),
  );
  return [{ open: workHead(rotation), parts: [...lines, beside("checklist", "\n", view)], close: "" }];
}

/** A line each: whether people still get in is what a reviewer wants to know. */
function checkParts({ checks = [], exercises = [] }: RotationPlan, view: View): readonly Leaf[] {
  if (checks.length + exercises.length === 0) return [];
  return [
    ...exercises.map((one) => leaf("checks", `- ${prose(exerciseWords(one))}\n`, view)),
    ...checks.map((check) =>
      leaf("checks", `- check ${code(check.name)}: ${prose(checkWords(check))}\n`, view),
    ),
    beside("checks", "\n", view),
  ];
}

function consumers(rotation: RotationPlan, view: View): readonly Part[] {
  if (rotation.consumers.length === 0) return [];
  const table = leaf("consumers", consumerTable(rotation.consumers), view);
  return [details("What trusts it outside the cluster, as probes saw it", [table])];
}

function stepParts(step: Step, number: number, view: View): readonly Leaf[] {
  const final = step.point_of_no_return ? " **POINT OF NO RETURN**" : "";
  const ahead = workAhead(step);
  const earliest = earliestText(step);
  return [
    leaf("steps", `${number}. **${markdownTitle(step)}**${final}\n`, view),
    leaf("explanations", `   - ${prose(step.why)}\n`, view),
    beside("steps", `   - disrupts: ${prose(step.disrupts)}\n   - undo: ${prose(step.undo)}\n`, view),
    beside("steps", `   - guards: ${guardSummary(step)}\n`, view),
    ...(earliest === null ? [] : [beside("steps", `   - ${earliest}\n`, view)]),
    ...waivers(step.guards, view),
    ...(ahead === null ? [] : [beside("checklist", ahead, view)]),
  ];
}

function guardSummary(step: Step): string {
  if (step.after !== null && !isBlocked(step)) {
    return step.guards.length === 0
      ? "judged when the step before it is done"
      : `judged when ${code(step.after)} is done`;
  }
  const blocking = failingGuards(step).map(({ id }) => id);
  const passing = step.guards.length - blocking.length;
  if (isBlocked(step) && step.after !== null && passing === 0) {
    return `blocked by ${blocking.join(", ")}; the others are judged when the step before it is done`;
  }
  return isBlocked(step)
    ? `${step.awaited === true ? "waits for" : "blocked by"} ${blocking.join(", ")}; ${count(passing, "other")} pass`
    : `all ${passing} pass`;
}

/** A waiver shows in every plan: it is a risk that somebody took. */
function waivers(guards: readonly GuardVerdict[], view: View): readonly Leaf[] {
  return guards.flatMap(({ id, waived }) =>
    waived.map(({ subject, message, reason, expires }) =>
      leaf(
        "drift",
        `   - **waived** until ${code(expires)}: ${id}, ${code(subject)} ${prose(message)}. Reason: ${prose(reason)}\n`,
        view,
      ),
    ),
  );
}

function passingGuards(steps: readonly Step[], view: View): readonly Part[] {
  const lines = steps
    .filter(({ after }) => after === null)
    .map((step) => {
      const passed = step.guards.filter(({ outcome }) => outcome === "pass").map(({ id }) => id);
      return `- ${markdownTitle(step)}: ${passed.length === 0 ? "none" : passed.join(", ")}\n`;
    });
  if (lines.length === 0) return [];
  return [details("Guards that pass", [leaf("guards", `${lines.join("")}\n`, view)])];
}

function certificates(keys: readonly KeyPlan[], view: View): readonly Part[] {
  if (keys.length === 0) return [];
  const head = "| CA | key | status | fingerprint | algorithm | storage | subject | serial | valid |\n";
  const rows = keys.map((key) => {
    const { authority, role, status, protocol, fingerprint, algorithm, storage, certificate } = key;
    const cells = [
      cell(authority),
      `${role === "other" ? "" : role} ${protocol ?? ""}`.trim(),
      status,
      cell(view.shorten(fingerprint)),
      algorithm === null ? "" : cell(algorithm),
      storage === null ? "" : cell(storage),
      certificate === null ? "" : cell(certificate.subject),
      certificate === null ? "" : cell(certificate.serial),
      certificate === null ? "" : cell(`${dateOf(certificate.notBefore)} to ${dateOf(certificate.notAfter)}`),
    ];
    return `| ${cells.join(" | ")} |\n`;
  });
  const table = `${head}${"| --- ".repeat(9)}|\n${rows.join("")}\n`;
  return [details("Keys and certificates", [leaf("certificates", table, view)])];
}

function overrideParts(overrides: readonly OverridePlan[], view: View): readonly Leaf[] {
  if (overrides.length === 0) return [];
  return [
    beside("overrides", "#### Overrides\n\n", view),
    ...overrides.flatMap(overrideItems).map((line) => leaf("overrides", line, view)),
    beside("overrides", "\n", view),
  ];
}

function driftParts(drift: readonly Drift[], view: View): readonly Leaf[] {
  const noticed = drift.filter(({ blocks }) => !blocks);
  if (noticed.length === 0) return [];
  return [
    beside("drift", "#### Drift: what git did not ask for\n\n", view),
    ...noticed.map(({ id, subject, message, remedy }) =>
      leaf("drift", `- **${id}** ${code(subject)} ${prose(message)}\n  → ${prose(remedy)}\n`, view),
    ),
    beside("drift", "\n", view),
  ];
}

/** Of the same kind, what is said of the riskier cluster stays longer. */
function leaf(what: keyof typeof IMPORTANCE, text: string, { risk }: View): Leaf {
  return { text, importance: IMPORTANCE[what] + risk, what: NAMES[what] };
}

/** Belongs to another part of the same importance, and is not counted when it goes with it. */
function beside(what: keyof typeof IMPORTANCE, text: string, view: View): Leaf {
  return { ...leaf(what, text, view), what: "" };
}

const NAMES: Readonly<Record<keyof typeof IMPORTANCE, string>> = {
  firstFinding: "findings",
  findings: "findings",
  steps: "steps",
  checklist: "checklist items",
  drift: "lines of drift and waivers",
  explanations: "explanations",
  overrides: "overrides",
  checks: "lines of checks",
  consumers: "tables of trust consumers",
  diff: "changes in git",
  guards: "lists of passing guards",
  certificates: "tables of certificates",
  quiet: "clusters with nothing to do",
};

/** Parts that a reader has to unfold; `summary` is HTML. */
export function details(summary: string, parts: readonly Part[]): Group {
  return { open: `<details><summary>${summary}</summary>\n\n`, parts, close: "</details>\n\n" };
}

function spacing(): Leaf {
  return { text: "\n", importance: IMPORTANCE.quiet, what: "" };
}
