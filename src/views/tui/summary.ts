import { stepTitle } from "../../rotation/plan-steps.ts";
import { aboutText } from "../facts/about-words.ts";
import { howToGoOn } from "../run/how-to-go-on.ts";
import { entryTitle } from "../run/run-log.ts";
import type { EntryRun, Run, StepRun, Track } from "../run/run-state.ts";
import { duration, EMPTY, type Line, line, type Span, span, wrapped } from "./spans.ts";
import { elapsed } from "./view/watch-lines.ts";

const WIDEST = 100;

/** What stays in the scrollback when the screen is gone: what was done, how it ended, how to go on. */
export function summaryLines(run: Run, now: number, columns: number): readonly Line[] {
  const width = Math.min(columns, WIDEST);
  const { ending } = run;
  const good = ending?.outcome === "applied" || ending?.outcome === "nothing-to-do";
  const verdict = ending === null ? "the run ended without a word" : `${ending.outcome}: ${ending.message}`;
  return [
    line(span("capstan apply", "strong"), span(`  ${elapsed(run, now)}`, "dim")),
    ...run.entries.map(entryLine),
    ...run.tracks.filter(({ state }) => state !== "queued").flatMap((track) => trackLines(track, width)),
    EMPTY,
    ...wrapped(verdict, width, { tone: good ? "good" : "bad" }),
    ...nextLines(run, width),
  ];
}

function trackLines({ cluster, rotation, steps, waiting }: Track, width: number): readonly Line[] {
  const late = waiting?.laggards ?? [];
  return [
    ...wrapped(`${cluster}, ${rotation}`, width, { tone: "dim" }),
    ...steps.filter(({ state }) => state !== "queued").map(stepLine),
    ...late
      .slice(0, LAGGARDS_SHOWN)
      .flatMap((one) => wrapped(aboutText(one), width, { lead: line("      ") })),
    ...(late.length > LAGGARDS_SHOWN ? [line(`      and ${late.length - LAGGARDS_SHOWN} more`)] : []),
  ];
}

const LAGGARDS_SHOWN = 5;

const SIGNS: Readonly<Record<StepRun["state"], readonly [Span, string]>> = {
  queued: [span("·", "dim"), ""],
  running: [span("~", "warn"), "stopped"],
  verified: [span("✔", "good"), "done"],
  failed: [span("✗", "bad"), "failed"],
  blocked: [span("✗", "bad"), "blocked"],
};

function entryLine(entry: EntryRun): Line {
  const [sign, word] = entry.state === "done" ? SIGNS.verified : SIGNS.running;
  return line("  ", sign, ` ${entryTitle(entry)}  `, span(word, "dim"));
}

function stepLine({ step, state, startedAt, endedAt }: StepRun): Line {
  const [sign, word] = SIGNS[state];
  const time =
    startedAt === null || endedAt === null
      ? ""
      : `, ${duration(Date.parse(endedAt) - Date.parse(startedAt))}`;
  return line("  ", sign, ` ${stepTitle(step)}  `, span(`${word}${time}`, "dim"));
}

function nextLines(run: Run, width: number): readonly Line[] {
  const next = howToGoOn(run);
  return next === null ? [] : wrapped(next, width, { lead: line(span("next  ", "dim")) });
}
