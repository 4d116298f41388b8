import { editsDue, isWaiting, plannedWork, startableWork, type WorkOfPlan } from "../../planner/verdict.ts";
import type { Plan } from "../../rotation/plan.ts";
import { count } from "../count.ts";
import {
  countedText,
  headline,
  isJudged,
  judgedText,
  nothingToDoText,
  rollbackText,
} from "../facts/verdict-words.ts";
import { openWork, workText } from "../facts/work-words.ts";
import { harmlessLine } from "../harmless.ts";
import { paragraph } from "./columns.ts";
import type { Paint } from "./paint.ts";

/** The end of a plan: what `capstan apply` would make of it. */
export function verdictText(plan: Plan, paint: Paint): string {
  if (plan.uncommitted !== undefined) return uncommittedText(plan, plan.uncommitted.length, paint);
  switch (plan.outcome) {
    case "no_changes":
      return nothingText(plan, paint);
    case "ready":
      return readyPlanText(plan, paint);
    case "incomplete": {
      const unread = plan.clusters.filter(({ problem }) => problem !== null);
      const all =
        plan.clusters.length === 1 ? "the cluster" : `${unread.length} of ${plan.clusters.length} clusters`;
      return paragraph(
        `${headText(plan, paint)} Nothing is planned for ${all}: the problem is named above.`,
        "",
      );
    }
    case "blocked":
      return blockedText(plan, paint);
  }
}

function nothingText(plan: Plan, paint: Paint): string {
  const said = paragraph(`${headText(plan, paint)} ${nothingToDoText(plan.clusters)}`, "");
  // In one piece each, so that they can be copied.
  return [said, ...editsDue(plan.clusters).map((command) => `  → ${command}`)].join("\n");
}

/** The verdict in a few words, as a sentence of its own. */
function headText(plan: Plan, paint: Paint): string {
  const { words, tone } = headline(plan);
  return paint(tone, `${words}.`);
}

function blockedText(plan: Plan, paint: Paint): string {
  const { clusters, verdict } = plan;
  const head = headText(plan, paint);
  const rest = "would be applied until the findings above are dealt with.";
  const waiting = isWaiting(clusters) ? " `capstan apply` goes on waiting for who is named above." : "";
  if (verdict === "blocked_in_part") {
    const what = workText(startableWork(clusters));
    return paragraph(`${head} ${what} would be made; nothing else ${rest}${waiting}`, "");
  }
  return paragraph(`${head}${waiting === "" ? ` Nothing ${rest}` : waiting}`, "");
}

/** Of a plan that nobody can apply: the next thing to do is a commit. */
function uncommittedText({ outcome, clusters }: Plan, files: number, paint: Paint): string {
  const commit = `Commit ${files === 1 ? "it" : "them"}, then \`capstan plan\`: \`capstan apply\` takes only what is committed.`;
  const what = `${count(files, "file")} ${files === 1 ? "is" : "are"} not committed.`;
  switch (outcome) {
    case "no_changes":
      if (clusters.length === 0)
        return paragraph(`${paint("warn", "Not committed.")} ${what} ${nothingToDoText(clusters)}`, "");
      return paragraph(`${paint("warn", "Not committed.")} ${what} Live equals them. ${commit}`, "");
    case "ready": {
      const work = workText(plannedWork(clusters));
      return paragraph(`${paint("warn", "Not committed.")} ${what} ${work} would be ready. ${commit}`, "");
    }
    case "incomplete":
    case "blocked":
      return paragraph(
        `${paint("bad", outcome === "blocked" ? "Blocked." : "Incomplete.")} ${what} Deal with the findings above, and commit: \`capstan apply\` takes only what is committed.`,
        "",
      );
  }
}

function readyPlanText(plan: Plan, paint: Paint): string {
  const { clusters } = plan;
  const { entries, steps } = plannedWork(clusters);
  const ready = headText(plan, paint);
  const changes = workText({ entries, steps: [] });
  if (steps.length === 0) {
    const them = entries.length === 1 ? "it" : "them";
    return paragraph(`${ready} ${changes}; \`capstan apply\` makes ${them}.`, "");
  }
  const before = changes === "" ? "" : `${changes} and `;
  const open = openWork(steps).map(({ id }) => id);
  const sentences = [
    ready,
    rollbackText(clusters),
    `${before}${judgedText(steps)}.`,
    countedText(plan),
    applyText(plannedWork(clusters)),
  ].filter((sentence) => sentence !== "");
  return [
    paragraph(sentences.join(" "), ""),
    ...(open.length === 0
      ? []
      : [
          paragraph(
            harmlessLine(
              `Later steps wait for ${count(open.length, "piece")} of work by hand: ${open.join(", ")}`,
            ),
            "",
            "  ",
          ),
        ]),
  ].join("\n");
}

function applyText({ entries, steps }: WorkOfPlan): string {
  if (steps.some((step) => step.point_of_no_return)) {
    return "The point of no return is among them: `capstan apply` asks for it by itself.";
  }
  if (!steps.every(isJudged)) return "`capstan apply` goes as far as guards allow.";
  return `\`capstan apply\` takes ${entries.length + steps.length === 1 ? "it" : "them"}.`;
}
