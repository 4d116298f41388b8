import type { RunEvent } from "../../apply/event.ts";
import { failingGuards } from "../../planner/startable.ts";
import type { Step } from "../../rotation/plan.ts";
import { stepTitle } from "../../rotation/plan-steps.ts";
import { actionText } from "../facts/override-words.ts";
import { shortHash } from "../fingerprints.ts";
import type { EntryRun, LogEntry, Run } from "./run-state.ts";

/** Older lines are forgotten. */
export const LOG_KEPT = 500;

/** The run with the line of an event in its log. */
export function withLog(run: Run, event: RunEvent): Run {
  const entry = logEntry(event);
  if (entry === null) return run;
  const cluster = "cluster" in event && event.cluster !== undefined ? event.cluster : null;
  const named = cluster === null || !run.fleet || NAMING.includes(event.type);
  const text = named ? entry.text : `${cluster} ${entry.text}`;
  return {
    ...run,
    log: [...run.log.slice(-LOG_KEPT + 1), { at: event.at, cluster, tone: entry.tone, text }],
  };
}

/** Their lines name the cluster in any case. */
const NAMING: readonly RunEvent["type"][] = ["step-started", "cluster-finished"];

/** One line for the log; `null` for what the rest of the screen says better. */
function logEntry(event: RunEvent): Pick<LogEntry, "tone" | "text"> | null {
  switch (event.type) {
    case "plan":
    case "waiting":
      return null;
    case "step-started":
      return { tone: "strong", text: `${event.cluster} ${stepTitle(event.step)}` };
    case "transition-requested":
      return { tone: "plain", text: `${event.authority}: ${event.to} was asked for` };
    case "transition-observed":
      return { tone: "plain", text: `${event.authority} is in ${event.phase}` };
    case "step-verified":
      return { tone: "good", text: `${stepTitle(event.step)} verified` };
    case "step-failed":
      return { tone: "bad", text: `${stepTitle(event.step)} failed: ${event.message}` };
    case "rollback-started":
      return { tone: "warn", text: `rolling ${event.rotation} back: ${event.reason}` };
    case "blocked":
      return { tone: "bad", text: `${stepTitle(event.step)} ${blockedBy(event.step)}` };
    case "interrupted":
      return { tone: "warn", text: event.message };
    case "override": {
      const done = event.stage === "observed" ? "done" : "asked for";
      return { tone: "plain", text: `${entryTitle(event)} ${done}` };
    }
    case "notice":
      return { tone: "dim", text: event.message };
    case "cluster-finished":
    case "finished":
      return {
        tone: event.outcome === "applied" || event.outcome === "nothing-to-do" ? "good" : "bad",
        text:
          event.type === "finished"
            ? `${event.outcome}: ${event.message}`
            : `${event.cluster} ${event.outcome}: ${event.message}`,
      };
  }
}

/** What is done about one entry, in a few words. */
export function entryTitle({ authority, action }: Pick<EntryRun, "authority" | "action">): string {
  return `${authority} override ${shortHash(action.key_hash)}: ${actionText(action)}`;
}

/** What a step waits for that a run did not take. */
export function blockedBy(step: Step): string {
  const guards = failingGuards(step).map(({ id }) => id);
  return guards.length === 0 ? "waits for approval" : `is blocked by ${guards.join(", ")}`;
}
