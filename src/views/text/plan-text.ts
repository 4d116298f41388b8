import type { Fingerprint } from "../../rotation/observation.ts";
import type { Pins } from "../../rotation/pins.ts";
import type {
  BasePlan,
  ClusterPlan,
  ClusterProblem,
  Drift,
  KeyPlan,
  Plan,
  RotationPlan,
} from "../../rotation/plan.ts";
import { count } from "../count.ts";
import { aboutText } from "../facts/about-words.ts";
import { exerciseWords } from "../facts/check-words.ts";
import { isOver, mayGoText } from "../facts/finished.ts";
import { TABLE_ABOVE } from "../facts/fleet-rows.ts";
import { orderWords } from "../facts/order-words.ts";
import { standingText } from "../facts/standing-words.ts";
import { stepFacts } from "../facts/step-facts.ts";
import { planShortener } from "../fingerprints.ts";
import { harmlessValue } from "../harmless.ts";
import { dateOf } from "../times.ts";
import { baseText } from "./base-text.ts";
import { checkLines } from "./check-lines.ts";
import { checklistText, consumersText } from "./checklist-text.ts";
import { paragraph, table } from "./columns.ts";
import { fleetText } from "./fleet-table.ts";
import { overrideText } from "./override-text.ts";
import type { Paint } from "./paint.ts";
import { railText } from "./rail-text.ts";
import { stepText } from "./step-text.ts";
import { verdictText } from "./verdict-text.ts";

/** The plan for people: what changes, why, what blocks and what to do about it. Ends with a line feed. */
export function planText(made: Plan, paint: Paint): string {
  // All of it at once: a field that is added later cannot be forgotten.
  const plan = harmlessValue(made);
  const shorten = planShortener(plan);
  const commit = placeOf(plan) === "" ? "" : paint("dim", `  at ${placeOf(plan)}`);
  const parts =
    plan.clusters.length > TABLE_ABOVE
      ? fleetText(plan.clusters, commit, paint, (cluster) => clusterText(cluster, plan, shorten, paint, ""))
      : plan.clusters.map((cluster) => clusterText(cluster, plan, shorten, paint, commit));
  const base = plan.base === undefined ? [] : [baseText(plan.base, paint)];
  return `${[...base, ...parts, verdictText(plan, paint)].join("\n")}\n`;
}

/** What was planned. */
function placeOf({ commit, uncommitted }: Plan): string {
  const files = uncommitted === undefined ? [] : [count(uncommitted.length, "uncommitted file")];
  return [...(commit === null ? [] : [`commit ${commit.slice(0, 12)}`]), ...files].join(" and ");
}

type Shorten = (fingerprint: Fingerprint) => string;

interface RotationPlace {
  readonly cluster: ClusterPlan;
  readonly rotation: RotationPlan;
  readonly base: BasePlan | undefined;
}

function clusterText(
  cluster: ClusterPlan,
  { base }: Pick<Plan, "base">,
  shorten: Shorten,
  paint: Paint,
  commit: string,
): string {
  const lines = [`${paint("strong", cluster.name)} (${cluster.platform})${commit}`, ""];
  for (const words of orderWords(cluster)) lines.push(paragraph(words, "  ", "    "));
  if (lines.length > 2) lines.push("");
  if (cluster.problem !== null) return [...lines, problemText(cluster.problem, paint), ""].join("\n");
  if (cluster.rotations.length === 0) lines.push("  no rotation is declared", "");
  const finished = cluster.rotations.filter(isOver);
  for (const rotation of cluster.rotations.filter((one) => !finished.includes(one))) {
    lines.push(rotationText({ cluster, rotation, base }, shorten, paint), "");
  }
  if (finished.length > 0) lines.push(finishedText(cluster, finished, paint), "");
  for (const override of cluster.overrides) lines.push(overrideText(override, paint), "");
  if (cluster.drift.length > 0) {
    lines.push(`  ${paint("strong", "drift")}: where git and the cluster differ`);
    for (const drift of cluster.drift) lines.push(driftText(drift, paint));
    lines.push("");
  }
  return lines.join("\n");
}

/** Nothing else is known of the cluster. */
function problemText({ code, message, remedy }: ClusterProblem, paint: Paint): string {
  const what = paragraph(`${paint("bad", code)}: ${message}`, "  ", "    ");
  return `${what}\n${paragraph(`→ ${remedy}`, "    ", "      ")}`;
}

function rotationText(place: RotationPlace, shorten: Shorten, paint: Paint): string {
  const { cluster, rotation, base } = place;
  const lines = [
    `  ${paint("strong", rotation.name)}  ${rotation.authorities.join(", ")}: ${standingText(rotation)}`,
    railText(rotation, "    ", paint),
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
  for (const exercise of rotation.exercises ?? []) {
    lines.push(paragraph(exerciseWords(exercise), "    ", "      "));
  }
  for (const note of rotation.notes) lines.push(paragraph(`note: ${note}`, "    ", "      "));
  const work = checklistText(rotation, paint);
  if (work !== null) lines.push("", work);
  for (const [index, step] of rotation.steps.entries()) {
    lines.push("", stepText(stepFacts({ cluster, rotation, step }, base), index + 1, shorten, paint));
  }
  return lines.join("\n");
}

/** They did what they were for, and stay as long as somebody leaves their files. */
function finishedText(cluster: ClusterPlan, finished: readonly RotationPlan[], paint: Paint): string {
  const names = finished.map(({ name }) => paint("strong", name)).join(", ");
  const types = [...new Set(finished.flatMap(({ authorities }) => authorities))].join(", ");
  return paragraph(`${names}  ${types}: finished. ${mayGoText(cluster, finished)}`, "  ", "    ");
}

/** Of a pair each CA by itself: side by side they do not fit into 80 columns. */
function keysText({ keys, authorities }: RotationPlan, shorten: Shorten, paint: Paint): string {
  const shown = keys.filter(
    ({ protocol }) => protocol === "tls" || !keys.some((key) => key.protocol === "tls"),
  );
  const row = (key: KeyPlan) => [
    key.role === "other" ? "key" : key.role,
    paint(key.status === "active" ? "strong" : "dim", key.status),
    shorten(key.fingerprint),
    key.algorithm ?? "",
    key.storage ?? "",
    key.certificate === null ? "" : `until ${dateOf(key.certificate.notAfter)}`,
  ];
  if (authorities.length < 2) return table(shown.map(row), "    ");
  const own = authorities.map((type) => shown.filter(({ authority }) => authority === type));
  return own
    .filter((rows) => rows.length > 0)
    .map((rows) => `    ${paint("dim", rows[0]?.authority ?? "")}\n${table(rows.map(row), "    ")}`)
    .join("\n");
}

/** Whole, as people copy them. */
function pinsText({ old, new: fresh }: Pins, paint: Paint): string {
  return [
    `    ${paint("dim", "ca_pin lists both until standby, then the new one alone")}`,
    ...old.map((pin) => `    old ${pin}`),
    ...fresh.map((pin) => `    new ${pin}`),
  ].join("\n");
}

function driftText(drift: Drift, paint: Paint): string {
  const { id, remedy, blocks } = drift;
  const head = `${paint(blocks ? "bad" : "warn", blocks ? "blocks" : "notice")} ${aboutText(drift)} (${id})`;
  return `${paragraph(head, "    ", "      ")}\n${paragraph(`→ ${remedy}`, "      ", "        ")}`;
}
