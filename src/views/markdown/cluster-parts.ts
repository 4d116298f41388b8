import type { Fingerprint } from "../../rotation/observation.ts";
import type { OverridePlan } from "../../rotation/override-plan.ts";
import type { BasePlan, ClusterPlan, Drift, KeyPlan, RotationPlan } from "../../rotation/plan.ts";
import { clusterSteps } from "../../rotation/plan-steps.ts";
import { count } from "../count.ts";
import { checkWords, exerciseWords } from "../facts/check-words.ts";
import { isOver, mayGoText } from "../facts/finished.ts";
import { orderWords } from "../facts/order-words.ts";
import { standingText } from "../facts/standing-words.ts";
import { stepFacts } from "../facts/step-facts.ts";
import { shownWork } from "../facts/work-words.ts";
import { plainPaint } from "../text/paint.ts";
import { railText } from "../text/rail-text.ts";
import { dateOf } from "../times.ts";
import type { Leaf, Part } from "./budget.ts";
import { details } from "./details.ts";
import { IMPORTANCE } from "./importance.ts";
import { cell, code, fence, html, prose } from "./inline.ts";
import { beside, leaf, type View } from "./leaf.ts";
import { overrideItems } from "./override-parts.ts";
import { type Risk, riskOf } from "./risk.ts";
import { passingGuards, stepParts } from "./step-parts.ts";
import { consumerTable, workHead, workItem } from "./work-by-hand.ts";

/** How keys are named, and what is new in git. */
interface Naming extends View {
  readonly shorten: (fingerprint: Fingerprint) => string;
  readonly base: BasePlan | undefined;
}

/** Everything about one cluster that moves or has something to say; folded where there are many of them. */
export function clusterParts(
  cluster: ClusterPlan,
  { shorten, base }: Pick<Naming, "shorten" | "base">,
  folded: boolean,
): Part {
  const view = { shorten, base, risk: riskOf(cluster) };
  const finished = cluster.rotations.filter(isOver);
  const parts = [
    ...orderParts(cluster),
    ...cluster.rotations
      .filter((rotation) => !finished.includes(rotation))
      .flatMap((rotation) => rotationParts(cluster, rotation, view)),
    ...finishedParts(cluster, finished, view),
    ...overrideParts(cluster.overrides, view),
    ...driftParts(cluster.drift, view),
  ];
  if (!folded) return { open: `### ${code(cluster.name)} (${cluster.platform})\n\n`, parts, close: "" };
  return details(`${html(cluster.name)} ${summaryOf(cluster, view.risk)}`, parts);
}

/** That a person holds it, and which wave it is in. */
function orderParts(cluster: ClusterPlan): readonly Leaf[] {
  const words = orderWords(cluster);
  if (words.length === 0) return [];
  const text = `${words.map((line) => `- ${prose(line)}\n`).join("")}\n`;
  return [{ text, importance: IMPORTANCE.drift, what: "holds and waves" }];
}

function summaryOf(cluster: ClusterPlan, risk: Risk): string {
  const steps = clusterSteps(cluster).length;
  const verdict = ["nothing to do", "ready", "point of no return", "blocked"][risk];
  return `(${cluster.platform}): ${count(steps, "step")}, ${verdict}`;
}

/** The names of the clusters that nothing happens to. */
export function quietParts(clusters: readonly ClusterPlan[], folded: boolean): readonly Part[] {
  if (clusters.length === 0) return [];
  const lines = clusters.map(({ name, rotations, hold }) => ({
    text: `- ${code(name)}${rotations.map((rotation) => `, ${code(rotation.name)} ${standingText(rotation, code)}`).join("")}${hold == null ? "" : `, held: ${prose(hold.reason)}`}\n`,
    importance: IMPORTANCE.quiet,
    what: "clusters with nothing to do",
  }));
  const parts = [...lines, spacing()];
  return folded ? [details(`${count(clusters.length, "cluster")} with nothing to do`, parts)] : parts;
}

function rotationParts(cluster: ClusterPlan, rotation: RotationPlan, view: Naming): readonly Part[] {
  const { name, authorities, steps, notes, keys } = rotation;
  const facts = steps.map((step) => stepFacts({ cluster, rotation, step }, view.base));
  const head = `#### ${code(name)} ${prose(authorities.join(", "))}: ${standingText(rotation, code)}\n\n`;
  return [
    beside("steps", `${head}${fence(railText(rotation, "", plainPaint), "text")}\n`, view),
    ...notes.map((note) => leaf("explanations", `- note: ${prose(note)}\n`, view)),
    ...(notes.length === 0 ? [] : [beside("explanations", "\n", view)]),
    ...checkParts(rotation, view),
    ...workParts(rotation, view),
    ...facts.flatMap((one, index) => stepParts(one, index + 1, view.shorten, view)),
    ...(steps.length === 0 ? [] : [beside("steps", "\n", view)]),
    ...passingGuards(facts, view),
    ...consumers(rotation, view),
    ...certificates(keys, view),
  ];
}

/** They did what they were for, and stay as long as somebody leaves their files. */
function finishedParts(cluster: ClusterPlan, finished: readonly RotationPlan[], view: View): readonly Part[] {
  if (finished.length === 0) return [];
  const names = finished.map(({ name }) => code(name)).join(", ");
  return [beside("steps", `${names}: finished. ${mayGoText(cluster, finished)}\n\n`, view)];
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

function certificates(keys: readonly KeyPlan[], view: Naming): readonly Part[] {
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
    beside("drift", "#### Drift: where git and the cluster differ\n\n", view),
    ...noticed.map(({ id, subject, message, remedy }) =>
      leaf("drift", `- ${code(subject)}: ${prose(message)} (${id})\n  → ${prose(remedy)}\n`, view),
    ),
    beside("drift", "\n", view),
  ];
}

function spacing(): Leaf {
  return { text: "\n", importance: IMPORTANCE.quiet, what: "" };
}
