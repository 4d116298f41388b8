import type { RunEvent } from "../../apply/event.ts";
import { failingGuards } from "../../planner/startable.ts";
import { stepTitle } from "../../rotation/plan-steps.ts";
import { count } from "../count.ts";
import { aboutText } from "../facts/about-words.ts";
import { actionText } from "../facts/override-words.ts";
import { shortHash } from "../fingerprints.ts";
import { harmlessLine, harmlessValue } from "../harmless.ts";
import { clockTime } from "../times.ts";
import { paragraph } from "./columns.ts";
import type { Paint } from "./paint.ts";

const LAGGARDS_SHOWN = 5;

/** One event as lines for stderr, or `null` for those that say nothing there. */
export function eventText(heard: RunEvent, paint: Paint): string | null {
  const event = harmlessValue(heard);
  const time = paint("dim", clockTime(event.at));
  switch (event.type) {
    case "plan":
    case "step-verified":
    case "transition-requested":
      return null;
    case "step-started":
      return `${time} ${paint("accent", `${event.cluster} ${stepTitle(event.step)}`)}`;
    case "transition-observed":
      return `${time}   ${event.authority} is in ${event.phase}`;
    case "waiting": {
      const lines = [waitingText(time, event), probesText(time, event)].filter((text) => text !== null);
      return lines.length === 0 ? null : lines.join("\n");
    }
    case "step-failed": {
      const head = `${time} ${paint("bad", "failed")} ${harmlessLine(event.message)}`;
      const findings = event.findings.map(({ subject, message }) =>
        paragraph(harmlessLine(aboutText({ subject, message })), "           ", "             "),
      );
      return [head, ...findings].join("\n");
    }
    case "rollback-started":
      return `${time} ${paint("warn", "rolling back")} ${harmlessLine(event.rotation)}`;
    case "override": {
      const { key_hash } = event.action;
      const what = `${event.authority} override ${shortHash(key_hash)}`;
      if (event.stage === "observed") return `${time}   ${what}: done`;
      const asked = paint("accent", `${event.cluster} ${what}: ${actionText(event.action)}`);
      return paragraph(`${time} ${asked}`, "", "  ");
    }
    case "blocked": {
      const guards = failingGuards(event.step).map(({ id }) => id);
      const why = guards.length === 0 ? "waits for approval" : `blocked by ${guards.join(", ")}`;
      return `${time} ${event.step.authority} ${event.step.from} → ${event.step.to} ${why}`;
    }
    case "interrupted":
    case "notice":
      return paragraph(`${time} ${harmlessLine(event.message)}`, "", "         ");
    case "cluster-finished":
      return endText(time, event, paint);
    case "finished":
      return finishedText(time, event, paint);
  }
}

function endText(
  time: string,
  { cluster, outcome, message, hint }: Extract<RunEvent, { type: "cluster-finished" }>,
  paint: Paint,
): string {
  const tone = outcome === "applied" || outcome === "nothing-to-do" ? "good" : "bad";
  const why = hint === null ? message : `${message} → ${hint}`;
  return paragraph(
    `${time} ${harmlessLine(cluster)} ${paint(tone, outcome)}: ${harmlessLine(why)}`,
    "",
    "  ",
  );
}

function finishedText(
  time: string,
  { outcome, message }: Extract<RunEvent, { type: "finished" }>,
  paint: Paint,
): string {
  const tone = outcome === "applied" || outcome === "nothing-to-do" ? "good" : "bad";
  return paragraph(`${time} ${paint(tone, outcome)}: ${harmlessLine(message)}`, "", "  ");
}

function waitingText(
  time: string,
  { phase, progress, laggards, deadline, waived = [] }: Extract<RunEvent, { type: "waiting" }>,
): string | null {
  const total = sum(progress.map((kind) => kind.total));
  if (total === 0 && waived.length === 0) return null;
  const behind = progress
    .filter((kind) => kind.ready < kind.total)
    .map(({ kind, ready, total }) => `${kind} ${ready}/${total}`);
  const ready = sum(progress.map((kind) => kind.ready));
  const counts = behind.length === 0 ? "" : `: ${behind.join(", ")}`;
  const left = waived.length === 0 ? "" : `, ${waived.length} waived`;
  const head = paragraph(
    `${time}   ${ready} of ${total} are at ${phase}${left}${counts}`,
    "",
    "             ",
  );
  if (laggards.length === 0) return head;
  const named = laggards.slice(0, LAGGARDS_SHOWN).map(aboutText);
  const more = laggards.length > LAGGARDS_SHOWN ? `; ${laggards.length - LAGGARDS_SHOWN} more` : "";
  const detail = paragraph(
    harmlessLine(`until ${clockTime(deadline)}: ${named.join("; ")}${more}`),
    "           ",
    "             ",
  );
  return `${head}\n${detail}`;
}

/** What people still have to do out there, as far as probes see it. */
function probesText(time: string, { probes = [] }: Extract<RunEvent, { type: "waiting" }>): string | null {
  if (probes.length === 0) return null;
  const open = probes.filter(({ ready }) => !ready);
  const names = open.slice(0, LAGGARDS_SHOWN).map(aboutText);
  const more = open.length > LAGGARDS_SHOWN ? `; ${open.length - LAGGARDS_SHOWN} more` : "";
  const head = `${time}   ${probes.length - open.length} of ${count(probes.length, "probe")} as wanted`;
  return open.length === 0
    ? head
    : `${head}\n${paragraph(harmlessLine(`${names.join("; ")}${more}`), "           ", "             ")}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
