import { isWaiting, plannedWork, startableWork } from "../../planner/verdict.ts";
import type { Fingerprint } from "../../rotation/observation.ts";
import type { Finding, Plan } from "../../rotation/plan.ts";
import { count } from "../count.ts";
import { componentsText } from "../facts/component-words.ts";
import { keyMovesText } from "../facts/key-words.ts";
import { planFacts, type StepFacts } from "../facts/step-facts.ts";
import { countedText, headline, judgedText, nothingToDoText, rollbackText } from "../facts/verdict-words.ts";
import { openWork, workText } from "../facts/work-words.ts";
import { planShortener } from "../fingerprints.ts";
import { type Block, blocksOf } from "./blocks.ts";
import { essential, type Leaf, type Part } from "./budget.ts";
import { IMPORTANCE } from "./importance.ts";
import { code, IN_MARKDOWN, markdownTitle, prose } from "./inline.ts";
import { riskOf } from "./risk.ts";

/** Findings of one guard that are written out; the others are counted. */
const FINDINGS_SHOWN = 12;

/** The verdict in one glance, never dropped; what is more than an ordinary yes stands in a box. */
export function verdict(plan: Plan): Leaf {
  const head = `**${headline(plan).words}.**`;
  switch (plan.verdict) {
    case "nothing_to_do":
      return essential(`${head} ${prose(nothingToDoText(plan.clusters))}\n\n`);
    case "ready":
    case "ready_waived":
    case "ready_final": {
      const said = `${head} ${readyWork(plan)}`;
      return essential(headline(plan).tone === "good" ? `${said}\n\n` : `> [!IMPORTANT]\n> ${said}\n\n`);
    }
    case "incomplete":
      return essential(`> [!WARNING]\n> ${head} ${incompleteText(plan)}\n\n`);
    case "blocked_in_part":
    case "blocked":
      return essential(`> [!WARNING]\n> ${head} ${whatBlocks(plan)}\n\n`);
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
  const which = unread.length === 1 ? "which was not read" : "which were not read";
  const going = workText(startableWork(clusters));
  const rest = going === "" ? "" : ` ${going} would be made on the others.`;
  return `Nothing is planned for ${blockedClusters(clusters, unread)}, ${which}.${rest}`;
}

function readyWork(plan: Plan): string {
  const { clusters } = plan;
  const { entries, steps } = plannedWork(clusters);
  const moving = clusters.filter(({ rotations }) => rotations.some(({ steps }) => steps.length > 0));
  const where = clusters.length === 1 ? "" : ` on ${moving.length} of ${clusters.length} clusters`;
  const changes = workText({ entries, steps: [] });
  if (steps.length === 0 && changes !== "") return `${changes}.`;
  const open = openWork(steps).map(({ id }) => code(id));
  return [
    rollbackText(clusters, code),
    `${changes === "" ? "" : `${changes} and `}${judgedText(steps, where)}.`,
    countedText(plan, IN_MARKDOWN),
    ...(open.length === 0
      ? []
      : [`Later steps wait for ${count(open.length, "piece")} of work by hand: ${open.join(", ")}.`]),
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function whatBlocks({ clusters, verdict: word }: Plan): string {
  const blocked = clusters.filter((cluster) => riskOf(cluster) === 3);
  const until = "until the findings below are dealt with.";
  if (blocked.length === 0) return `What is changed in git should not be merged ${until}`;
  const where = blockedClusters(clusters, blocked);
  if (isWaiting(blocked)) return `\`capstan apply\` goes on waiting on ${where} for who is named below.`;
  if (word === "blocked") return `Nothing would be applied to ${where} ${until}`;
  return `${workText(startableWork(clusters))} would be made; nothing else would be applied to ${where} ${until}`;
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
    const text = `- **${severity === "error" ? "refused" : "warning"}** ${code(subject)}: ${prose(message)}\n  → ${prose(remedy)}\n`;
    if (severity === "error") return essential(text);
    return { text, importance: IMPORTANCE.firstFinding, what: "warnings" };
  });
  const end: Leaf = { text: "\n", importance: null, what: "" };
  return [essential("### Findings about the change in git\n\n"), ...lines, end];
}

/** What must not be overlooked before the details; written shorter where there is no room for one line each. */
export function warnings(plan: Plan, room: number): readonly Part[] {
  const blocks = blocksOf(plan);
  const finals = planFacts(plan).filter(({ place }) => place.step.point_of_no_return);
  const spelled = [...finalsInFull(finals, planShortener(plan)), ...blocksInFull(blocks)];
  const needed = spelled
    .flatMap((part) => ("parts" in part ? [] : [part]))
    .reduce((sum, { text, importance }) => (importance === null ? sum + text.length : sum), 0);
  if (needed <= room) return spelled;
  return [...finalsInShort(finals, room / 4), ...blocksInShort(blocks, room / 2)];
}

function finalsInFull(
  finals: readonly StepFacts[],
  shorten: (fingerprint: Fingerprint) => string,
): readonly Leaf[] {
  if (finals.length === 0) return [];
  const lines = finals.map(
    ({ place: { cluster, step }, keys, components, waived }) =>
      `> - ${code(cluster.name)} ${markdownTitle(step)}: ${[
        ...dropped(keys, shorten),
        ...(components === null ? [] : [componentsText(components, waived, IN_MARKDOWN)]),
        prose(step.undo),
      ].join("; ")}\n`,
  );
  return [essential(`${FINAL_HEAD}>\n${lines.join("")}\n`)];
}

/** The keys that nobody can live by after a step. */
function dropped(keys: StepFacts["keys"], shorten: (fingerprint: Fingerprint) => string): readonly string[] {
  const going = keys.filter(({ after }) => after === "gone");
  return going.length === 0 ? [] : [keyMovesText(going, shorten, code)];
}

const FINAL_HEAD =
  "> [!CAUTION]\n> **Point of no return.** A key is dropped for good; this needs an approval of its own.\n";

function finalsInShort(finals: readonly StepFacts[], room: number): readonly Leaf[] {
  if (finals.length === 0) return [];
  const names = named(
    finals.map(({ place }) => place.cluster.name),
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
    text: `  - ${code(subject)}: ${prose(message)}\n    → ${prose(remedy)}\n`,
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
