import { editsDue, isWaiting, plannedWork, workLeft } from "../../planner/verdict.ts";
import { type ClusterPlan, needsOwnApproval, type Plan, type Step } from "../../rotation/plan.ts";
import { count } from "../count.ts";
import type { Tone } from "../tone.ts";
import { AS_IT_IS, componentsText, type Writing } from "./component-words.ts";
import { rollbacks } from "./direction.ts";
import { planFacts } from "./step-facts.ts";

/** The first words of a plan, in every form of it. */
export interface Headline {
  readonly words: string;
  /** For where there is little room. */
  readonly short: string;
  readonly tone: Tone;
}

/** What a plan comes to, in a few words. */
export function headline(plan: Pick<Plan, "verdict" | "clusters">): Headline {
  switch (plan.verdict) {
    case "nothing_to_do":
      if (plan.clusters.length === 0)
        return { words: "Nothing was looked at", short: "Nothing looked at", tone: "warn" };
      if (takenFromGit(plan.clusters).length > 0)
        return { words: "Nothing to do, if git is right", short: "If git is right", tone: "warn" };
      return isAtRest(plan.clusters)
        ? { words: "No changes", short: "No changes", tone: "good" }
        : { words: "Nothing to do on the cluster", short: "Nothing to do", tone: "warn" };
    case "ready":
    case "ready_waived":
    case "ready_final":
      return readyHeadline(plan.clusters);
    case "blocked_in_part":
      return { words: "Blocked in part", short: "Blocked in part", tone: "bad" };
    case "blocked":
      return isWaiting(plan.clusters)
        ? { words: "Waits", short: "Waits", tone: "warn" }
        : { words: "Blocked", short: "Blocked", tone: "bad" };
    case "incomplete":
      return { words: "Incomplete", short: "Incomplete", tone: "bad" };
  }
}

/** All that makes it more than ready, as one of it never hides the other. */
function readyHeadline(clusters: readonly ClusterPlan[]): Headline {
  const { entries, steps } = plannedWork(clusters);
  const isBack = rollbacks(clusters).length > 0;
  const isWaived = steps.some(({ guards }) => guards.some(({ waived }) => waived.length > 0));
  const isFinal = steps.some(needsOwnApproval);
  const isSigner = entries.some(({ signs }) => signs === true);
  const words = [
    "Ready",
    ...(isBack ? ["to roll back"] : []),
    ...(isSigner ? ["to change what signs"] : []),
    ...(isWaived ? ["by waiver"] : []),
    ...(isFinal ? ["to the point of no return"] : []),
  ].join(", ");
  const short = words.replace("to the point of no return", "no return");
  return { words, short, tone: isFinal ? "bad" : isBack || isSigner || isWaived ? "warn" : "good" };
}

/** How far the guards of a plan that nothing blocks were asked: those of later steps are when it is their turn. */
export function judgedText(steps: readonly Step[], where = ""): string {
  const judged = steps.filter(isJudged).length;
  const all = `${count(steps.length, "step")}${where}`;
  const waived = steps.flatMap(({ guards }) => guards.flatMap((guard) => guard.waived)).length;
  const by = waived === 0 ? "" : `, ${count(waived, "finding")} by waiver`;
  if (judged === steps.length) return `${all}; every guard passes${by}`;
  const passing = `${judged} of ${all} ${judged === 1 ? "passes" : "pass"} every guard${by}`;
  return `${passing}; later ones are judged in their turn`;
}

/** The guards of a step that follows another can only be asked when that one is done. */
export function isJudged({ after }: Step): boolean {
  return after === null;
}

/** Of more clusters each says it beside its own steps. */
const CLUSTERS_COUNTED = 3;

/**
 * Who is where the next steps start, as sentences: the same ones once. Empty where nothing is counted, or where there
 * are too many clusters to name.
 */
export function countedText(plan: Plan, writing: Writing = AS_IT_IS): string {
  const counted = planFacts(plan).flatMap(({ place, components, waived }) =>
    components === null ? [] : [{ place, said: componentsText(components, waived, writing) }],
  );
  const clusters = new Set(counted.map(({ place }) => place.cluster.name));
  if (clusters.size > CLUSTERS_COUNTED) return "";
  const sentences = counted.map(({ place, said }) =>
    clusters.size > 1 ? `${said} in ${writing.code(place.cluster.name)}.` : `${said}.`,
  );
  return [...new Set(sentences)].join(" ");
}

/** Which rotations go back, as a sentence; empty when none does. */
export function rollbackText(
  clusters: readonly ClusterPlan[],
  code: (text: string) => string = (text) => text,
): string {
  const named = rollbacks(clusters).map(({ cluster, rotation }) => {
    const where = clusters.length > 1 ? ` in ${code(cluster.name)}` : "";
    return `${code(rotation.name)}${where} goes back from ${code(rotation.live_phase)}`;
  });
  const more = named.length > CLUSTERS_COUNTED ? `, and ${named.length - CLUSTERS_COUNTED} more` : "";
  return named.length === 0 ? "" : `${named.slice(0, CLUSTERS_COUNTED).join(", ")}${more}.`;
}

/** Rotations that are over by what git says, and by nothing else. */
function takenFromGit(clusters: readonly ClusterPlan[]): readonly string[] {
  return clusters.flatMap(({ rotations }) =>
    rotations.flatMap(({ name, unproven }) => (unproven === true ? [name] : [])),
  );
}

function isAtRest(clusters: readonly ClusterPlan[]): boolean {
  return (
    workLeft(clusters).length === 0 &&
    editsDue(clusters).length === 0 &&
    clusters.every(({ drift }) => drift.length === 0)
  );
}

/**
 * The sentences for a plan without a step: live equals desired, and what is due all the same where something is. The
 * commands of edits (`editsDue`) stand below it, each on a line of its own.
 */
export function nothingToDoText(clusters: readonly ClusterPlan[]): string {
  // Of what nobody looked at nothing is known, least of all that it is equal.
  if (clusters.length === 0)
    return "None of the clusters is in this shard, and nothing was looked at: other machines have them.";
  const unproven = takenFromGit(clusters);
  if (isAtRest(clusters) && unproven.length === 0) return "Live equals desired.";
  const edits = editsDue(clusters);
  const left = workLeft(clusters);
  const due =
    edits.length === 0
      ? []
      : [edits.length === 1 ? "One edit is due in git." : `${edits.length} edits are due in git.`];
  const hand =
    left.length === 0
      ? []
      : [
          `${count(left.length, "piece")} of work by hand ${left.length === 1 ? "is" : "are"} left: ${left.map(({ id }) => id).join(", ")}.`,
        ];
  const noticed = clusters.some(({ drift }) => drift.length > 0);
  const seen = noticed && edits.length === 0 ? ["The drift above needs no step."] : [];
  const taken =
    unproven.length === 0
      ? []
      : [
          `Only git says that ${unproven.join(", ")} ${unproven.length === 1 ? "is" : "are"} over: nothing shows that the key to be retired was ever there. If it is a slip, correct \`retire\`; else the file may be deleted.`,
        ];
  return [...due, ...hand, ...seen, ...taken].join(" ");
}
