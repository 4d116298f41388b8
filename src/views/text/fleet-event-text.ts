import type { RunEvent } from "../../apply/event.ts";
import { failingGuards } from "../../planner/startable.ts";
import { stepTitle } from "../../rotation/plan-steps.ts";
import { shortHash } from "../fingerprints.ts";
import { harmlessLine, harmlessValue } from "../harmless.ts";
import { clockTime } from "../times.ts";
import { eventText } from "./event-text.ts";
import type { Paint, TextTone } from "./paint.ts";

/**
 * One event of a run of several clusters, as one line that names its cluster: lines of clusters that are walked side by
 * side come mixed, and are read by `grep`. `null` for events that say nothing there.
 */
export function fleetEventText(heard: RunEvent, paint: Paint): string | null {
  const event = harmlessValue(heard);
  if (!("cluster" in event) || event.cluster === undefined) return eventText(heard, paint);
  const said = sayingOf(event);
  if (said === null) return null;
  const { word, tone, rest } = said;
  const told = [...(word === "" ? [] : [tone === null ? word : paint(tone, word)]), rest].join(" ").trim();
  return `${paint("dim", clockTime(event.at))} ${harmlessLine(event.cluster)}  ${harmlessLine(told)}`;
}

/** What happened: a word that stands out, and the rest of the line. */
interface Saying {
  readonly word: string;
  readonly tone: TextTone | null;
  readonly rest: string;
}

function sayingOf(event: RunEvent): Saying | null {
  switch (event.type) {
    case "plan":
    case "finished":
    case "transition-requested":
    case "step-verified":
      return null;
    case "step-started":
      return { word: stepTitle(event.step), tone: "accent", rest: "" };
    case "transition-observed":
      return plain(`${event.authority} is in ${event.phase}`);
    case "waiting":
      return waiting(event);
    case "step-failed": {
      const [first, ...more] = event.findings;
      const why = first === undefined ? "" : `: ${first.subject} ${first.message}${andMore(more.length)}`;
      return { word: "failed:", tone: "bad", rest: `${event.message}${why}` };
    }
    case "rollback-started":
      return { word: "rolling back", tone: "warn", rest: `${event.rotation}: ${event.reason}` };
    case "override": {
      const { call, purpose, key_hash } = event.action;
      const what = `${event.authority} override ${shortHash(key_hash)}`;
      return plain(event.stage === "observed" ? `${what}: done` : `${what}: ${purpose} (${call})`);
    }
    case "blocked": {
      const [first, ...more] = failingGuards(event.step);
      const finding = first?.findings[0];
      const step = `${event.step.authority} ${event.step.from} → ${event.step.to}`;
      if (first === undefined) return plain(`${step} waits for approval`);
      const why = finding === undefined ? "" : `: ${finding.subject} ${finding.message}`;
      return { word: "blocked", tone: "warn", rest: `${step} by ${first.id}${why}${andMore(more.length)}` };
    }
    case "interrupted":
    case "notice":
      return plain(event.message);
    case "cluster-finished": {
      const { outcome, message, hint } = event;
      const tone = outcome === "applied" || outcome === "nothing-to-do" ? "good" : "bad";
      return { word: `${outcome}:`, tone, rest: hint === null ? message : `${message} → ${hint}` };
    }
  }
}

/** Who is not there yet is named by one of them: the line is read while it moves. */
function waiting(event: Extract<RunEvent, { type: "waiting" }>): Saying | null {
  const { phase, progress, laggards, waived = [], probes = [] } = event;
  const total = progress.reduce((sum, kind) => sum + kind.total, 0);
  const ready = progress.reduce((sum, kind) => sum + kind.ready, 0);
  const open = probes.filter((probe) => !probe.ready);
  const [first, ...more] = laggards;
  const parts = [
    ...(total === 0 ? [] : [`${ready} of ${total} are at ${phase}`]),
    ...(waived.length === 0 ? [] : [`${waived.length} waived`]),
    ...(first === undefined ? [] : [`${first.subject} ${first.message}${andMore(more.length)}`]),
    ...(open.length === 0 ? [] : [`${probes.length - open.length} of ${probes.length} probes as wanted`]),
  ];
  return parts.length === 0 ? null : plain(parts.join(", "));
}

function plain(rest: string): Saying {
  return { word: "", tone: null, rest };
}

function andMore(count: number): string {
  return count === 0 ? "" : `, and ${count} more`;
}
