import { isWaiting, plannedWork, startableWork } from "../../planner/verdict.ts";
import type { Finding, Plan } from "../../rotation/plan.ts";
import { type StepPlace, stepPlaces } from "../../rotation/plan-steps.ts";
import { count } from "../count.ts";
import { judgedText, nothingToDoText, readyText } from "../facts/verdict-words.ts";
import { openWork, workText } from "../facts/work-words.ts";
import { type Block, blocksOf } from "./blocks.ts";
import { essential, type Leaf, type Part } from "./budget.ts";
import { IMPORTANCE } from "./importance.ts";
import { code, markdownTitle, prose } from "./inline.ts";
import { riskOf } from "./risk.ts";

/** Findings of one guard that are written out; the others are counted. */
const FINDINGS_SHOWN = 12;

/** The verdict in one glance, never dropped. */
export function verdict(plan: Plan): Leaf {
  switch (plan.outcome) {
    case "no_changes": {
      const { head, rest } = nothingToDoText(plan.clusters, code);
      return essential(`**${head}** ${rest}\n\n`);
    }
    case "ready":
      return essential(`**${readyText(plan)}** ${readyWork(plan)}.\n\n`);
    case "incomplete":
      return essential(`> [!WARNING]\n> ${incompleteText(plan)}\n\n`);
    case "blocked":
      return essential(`> [!WARNING]\n> ${whatBlocks(plan)} until the findings below are dealt with.\n\n`);
  }
}

/** Where there are many: how many clusters stand how. */
export function overview({ clusters }: Plan): readonly Leaf[] {
  if (clusters.length <= 2) return [];
  const states = ["with nothing to do", "ready", "at the point of no return", "blocked"];
  const counted = [3, 2, 1, 0].flatMap((risk) => {
    const number = clusters.filter((cluster) => riskOf(cluster) === risk).length;
    return number === 0 ? [] : [`${number} ${states[risk]}`];
  });
  return [essential(`${clusters.length} clusters: ${counted.join(", ")}.\n\n`)];
}

function incompleteText({ clusters }: Plan): string {
  const unread = clusters.filter(({ problem }) => problem !== null);
  return `**Incomplete.** Nothing is planned for ${blockedClusters(clusters, unread)}, which was not read.`;
}

function readyWork({ clusters }: Plan): string {
  const { entries, steps } = plannedWork(clusters);
  const moving = clusters.filter(({ rotations }) => rotations.some(({ steps }) => steps.length > 0));
  const where = clusters.length === 1 ? "" : ` on ${moving.length} of ${clusters.length} clusters`;
  const changes = workText({ entries, steps: [] });
  if (steps.length === 0 && changes !== "") return changes;
  const open = openWork(steps).map(({ id }) => code(id));
  return [
    `${changes === "" ? "" : `${changes} and `}${judgedText(steps, where)}`,
    ...(open.length === 0
      ? []
      : [`Later steps wait for ${count(open.length, "piece")} of work by hand: ${open.join(", ")}`]),
  ].join(". ");
}

function whatBlocks({ clusters }: Plan): string {
  const blocked = clusters.filter((cluster) => riskOf(cluster) === 3);
  if (blocked.length === 0) return "**Blocked.** What is changed in git should not be merged";
  const where = blockedClusters(clusters, blocked);
  const going = workText(startableWork(blocked));
  if (isWaiting(blocked)) return `**Waits.** \`capstan apply\` goes on waiting on ${where} for who is named,`;
  if (going === "") return `**Blocked.** Nothing would be applied to ${where}`;
  return `**Blocked in part.** ${going} would be made on ${where}; nothing else would be applied`;
}

function blockedClusters(clusters: Plan["clusters"], blocked: Plan["clusters"]): string {
  const [only] = blocked;
  if (blocked.length === 1 && only !== undefined) return code(only.name);
  return `${blocked.length} of ${clusters.length} clusters`;
}

/** What would run and be reached otherwise: never dropped, whoever else wants the room. */
export function connectionWarning({ base }: Plan, room: number): readonly Leaf[] {
  const all = base?.connections ?? [];
  if (all.length === 0) return [];
  const lines: string[] = [];
  let length = 0;
  for (const { message } of all) {
    const line = `> - ${prose(message)}\n`;
    length += line.length;
    if (length > room && lines.length > 0) break;
    lines.push(line);
  }
  const hidden = all.length - lines.length;
  const more = hidden === 0 ? "" : `> - and ${count(hidden, "more")}, in the changed files\n`;
  return [
    essential(
      `> [!CAUTION]\n> **What runs and what is reached is changed**, from the merge on.\n>\n${lines.join("")}${more}\n`,
    ),
  ];
}

/** What is changed in git and cannot be, or should be looked at twice. */
export function changeFindings({ base }: Plan): readonly Part[] {
  const findings = base?.findings ?? [];
  if (findings.length === 0) return [];
  const lines = findings.map(({ severity, subject, message, remedy }): Leaf => {
    const text = `- **${severity === "error" ? "refused" : "warning"}** ${code(subject)} ${prose(message)}\n  → ${prose(remedy)}\n`;
    if (severity === "error") return essential(text);
    return { text, importance: IMPORTANCE.firstFinding, what: "warnings" };
  });
  const end: Leaf = { text: "\n", importance: null, what: "" };
  return [essential("### Findings about the change in git\n\n"), ...lines, end];
}

/** What must not be overlooked before the details; written shorter where there is no room for one line each. */
export function warnings(plan: Plan, room: number): readonly Part[] {
  const blocks = blocksOf(plan);
  const finals = stepPlaces(plan).filter(({ step }) => step.point_of_no_return);
  const spelled = [...finalsInFull(finals), ...blocksInFull(blocks)];
  const needed = spelled
    .flatMap((part) => ("parts" in part ? [] : [part]))
    .reduce((sum, { text, importance }) => (importance === null ? sum + text.length : sum), 0);
  if (needed <= room) return spelled;
  return [...finalsInShort(finals, room / 4), ...blocksInShort(blocks, room / 2)];
}

function finalsInFull(finals: readonly StepPlace[]): readonly Leaf[] {
  if (finals.length === 0) return [];
  const lines = finals.map(
    ({ cluster, step }) => `> - ${code(cluster.name)} ${markdownTitle(step)}: ${prose(step.undo)}\n`,
  );
  return [essential(`${FINAL_HEAD}>\n${lines.join("")}\n`)];
}

const FINAL_HEAD =
  "> [!CAUTION]\n> **Point of no return.** The old key is dropped; this needs an approval of its own.\n";

function finalsInShort(finals: readonly StepPlace[], room: number): readonly Leaf[] {
  if (finals.length === 0) return [];
  const names = named(
    finals.map(({ cluster }) => cluster.name),
    room,
  );
  return [essential(`${FINAL_HEAD}>\n> ${count(finals.length, "step")}: ${names}\n\n`)];
}

function blocksInFull(blocks: readonly Block[]): readonly Leaf[] {
  if (blocks.length === 0) return [];
  const items = blocks.flatMap((block) => [
    essential(`- **${block.id}** ${block.verb} ${whatIsBlocked(block)}${howMany(block)}\n`),
    ...findings(block.findings),
  ]);
  return [essential("### What blocks\n\n"), ...items, essential("\n")];
}

function whatIsBlocked({ cluster, step }: Block): string {
  return step === null ? code(cluster) : `${code(cluster)} ${markdownTitle(step)}`;
}

function howMany({ findings }: Block): string {
  return findings.length > FINDINGS_SHOWN
    ? `: ${findings.length} findings, the first ${FINDINGS_SHOWN} of them`
    : "";
}

function findings(all: readonly Finding[]): readonly Leaf[] {
  return all.slice(0, FINDINGS_SHOWN).map(({ subject, message, remedy }, index) => ({
    text: `  - ${code(subject)} ${prose(message)}\n    → ${prose(remedy)}\n`,
    importance: index === 0 ? IMPORTANCE.firstFinding : IMPORTANCE.findings,
    what: "findings",
  }));
}

/** One line for each guard, however many clusters it blocks. */
function blocksInShort(blocks: readonly Block[], room: number): readonly Leaf[] {
  if (blocks.length === 0) return [];
  const guards = Map.groupBy(blocks, ({ id }) => id);
  const lines = [...guards].map(([id, ofGuard]) => {
    const names = named(
      ofGuard.map(({ cluster }) => cluster),
      room / guards.size,
    );
    return `- **${id}** blocks ${count(ofGuard.length, "step")}: ${names}\n`;
  });
  return [essential(`### What blocks\n\n${lines.join("")}\n`)];
}

/** As many names as there is room for. */
function named(names: readonly string[], room: number): string {
  const unique = [...new Set(names)];
  const shown: string[] = [];
  let length = 0;
  for (const name of unique.map(code)) {
    length += name.length + 2;
    if (length > room && shown.length > 0) break;
    shown.push(name);
  }
  const hidden = unique.length - shown.length;
  return shown.join(", ") + (hidden === 0 ? "" : ` and ${count(hidden, "more cluster")}`);
}
