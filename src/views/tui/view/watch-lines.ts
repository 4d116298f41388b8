import type { KindProgress, Laggard } from "../../../apply/event.ts";
import { stepTitle } from "../../../rotation/plan-steps.ts";
import { entryTitle } from "../../run/run-log.ts";
import {
  activeTrackOf,
  type LogEntry,
  type Run,
  type StepRun,
  type Track,
  type Waiting,
} from "../../run/run-state.ts";
import { clockTime } from "../../times.ts";
import { windowStart } from "../areas.ts";
import { rememberLast } from "../remember-last.ts";
import {
  clipped,
  clippedText,
  duration,
  EMPTY,
  exactly,
  grouped,
  type Line,
  line,
  padText,
  type Span,
  type SpanTone,
  span,
  spread,
  widthOfText,
  wrapped,
} from "../spans.ts";
import type { State } from "../state.ts";
import { currentStep } from "../track-step.ts";

/** The track on the screen: the one that a person chose, else the one that moves. */
export function shownTrack({ run, track, list }: Pick<State, "run" | "track" | "list">): Track | undefined {
  if (list === null || track !== null) return run.tracks[track ?? run.active ?? 0];
  return activeTrackOf(run, list.opened ?? list.selected);
}

/** The tracks among which a person may go: those of the cluster that is opened, where there is a list. */
export function shownTracks({ run, list }: Pick<State, "run" | "list">): readonly Track[] {
  return list === null
    ? run.tracks
    : run.tracks.filter(({ cluster }) => cluster === (list.opened ?? list.selected));
}

const NO_LAGGARDS: readonly Laggard[] = [];

const searchLaggards = rememberLast((laggards: readonly Laggard[], query: string): readonly Laggard[] => {
  const wanted = query.toLowerCase();
  return wanted === "" ? laggards : laggards.filter(({ subject }) => subject.toLowerCase().includes(wanted));
});

export function laggardsOf(waiting: Waiting | null, query: string): readonly Laggard[] {
  return searchLaggards(waiting?.laggards ?? NO_LAGGARDS, query);
}

const STATES: Readonly<Record<Track["state"], readonly [string, SpanTone]>> = {
  queued: ["QUEUED", "chip"],
  running: ["RUNNING", "chip"],
  "rolling-back": ["ROLLING BACK", "chip-warn"],
  done: ["DONE", "chip-good"],
  "rolled-back": ["ROLLED BACK", "chip-warn"],
  blocked: ["BLOCKED", "chip-bad"],
  failed: ["FAILED", "chip-bad"],
  stopped: ["STOPPED", "chip-warn"],
};

export function stateChip(track: Track | undefined, { entries }: Run, stopping: boolean): Span {
  if (stopping) return span(" STOPPING ", "chip-warn");
  const [text, tone] =
    track !== undefined
      ? STATES[track.state]
      : ([entries.length === 0 ? "STARTING" : "RUNNING", "chip"] as const);
  return span(` ${text} `, tone);
}

/** Which step it is at, how long it has taken and may still take; without times where `now` is `null`. */
export function stepLine(
  track: Track | undefined,
  { entries }: Run,
  now: number | null,
  width: number,
): Line {
  const entry = entries.at(-1);
  if (track === undefined) {
    if (entry === undefined) return line(span("waiting for the first event", "dim"));
    return spread(line(span(entryTitle(entry), "strong")), line(span(entry.state, "dim")), width);
  }
  const current = currentStep(track);
  if (current === undefined) return line(span("nothing has started yet", "dim"));
  const number = track.steps.indexOf(current) + 1;
  const title = line(
    span(`step ${number} of ${track.steps.length}  `, "dim"),
    span(stepTitle(current.step), "strong"),
    current.step.point_of_no_return ? span("  point of no return", "bad") : "",
  );
  const times = now === null ? EMPTY : [...timeTaken(current, now), ...timeLeft(track, now)];
  return spread(title, times, width);
}

/** Since the step began, whatever was asked before it. */
function timeTaken({ startedAt, endedAt }: StepRun, now: number): Line {
  if (startedAt === null) return EMPTY;
  const end = endedAt === null ? now : Date.parse(endedAt);
  return line(span(`${duration(end - Date.parse(startedAt))}  `, "plain"));
}

/** Why it failed or turns back; never more than it takes to see it. */
export function reasonLines(track: Track | undefined, width: number): readonly Line[] {
  if (track?.reason == null) return [];
  return wrapped(track.reason, width, { tone: track.state === "rolling-back" ? "warn" : "bad" }).slice(0, 3);
}

function timeLeft({ waiting, requested, state }: Track, now: number): Line {
  if (requested !== null) return line(span(`${requested} was asked for`, "dim"));
  if (waiting === null || (state !== "running" && state !== "rolling-back")) return EMPTY;
  const left = Date.parse(waiting.deadline) - now;
  const until = `until ${clockTime(waiting.deadline)}`;
  if (left < 0) return line(span(`${until}, overdue`, "bad"));
  return line(span(`${until}, `, "dim"), span(`${duration(left)} left`, left < 60_000 ? "warn" : "plain"));
}

/** `node  ━━━━━━━━╌╌╌╌  71/100`, one line per kind; the ones that lag most first where there is no room for all. */
export function barLines(waiting: Waiting, width: number, height: number): Line[] {
  const probes = waiting.probes.length === 0 ? [] : [probeLine(waiting, width)];
  if (waiting.progress.length === 0 && probes.length === 0) {
    return [line(span("no component reports this authority", "dim"))];
  }
  const room = height - probes.length;
  const shown = waiting.progress.length <= room ? waiting.progress : mostBehind(waiting.progress, room);
  const label = Math.max(...shown.map(({ kind }) => kind.length), 5);
  const counts = shown.map(({ ready, total }) => `${grouped(ready)}/${total.toLocaleString("en-US")}`);
  const counted = Math.max(...counts.map((text) => text.length), 5);
  return [
    ...shown.map(({ kind, ready, total }, index) => {
      const all = ready >= total;
      const bar = bars(ready, total, Math.max(8, Math.min(60, width - label - counted - 6)));
      return line(
        padText(kind, label),
        "  ",
        ...bar,
        span(`  ${(counts[index] ?? "").padStart(counted)}`, all ? "good" : "strong"),
        all ? span(" ✓", "good") : "",
      );
    }),
    ...probes,
  ];
}

function mostBehind(progress: readonly KindProgress[], room: number): readonly KindProgress[] {
  const behind = progress.toSorted((one, other) => other.total - other.ready - (one.total - one.ready));
  const kept = new Set(behind.slice(0, Math.max(1, room)));
  return progress.filter((kind) => kept.has(kind));
}

function bars(ready: number, total: number, width: number): readonly Span[] {
  // A full bar means all of them: one that lags among 100,000 still shows.
  const share = total === 0 ? 1 : ready / total;
  const filled = ready >= total ? width : Math.min(width - 1, Math.floor(share * width));
  return [span("━".repeat(filled), "good"), span("╌".repeat(width - filled), "dim")];
}

function probeLine({ probes }: Waiting, width: number): Line {
  const open = probes.filter(({ ready }) => !ready);
  if (open.length === 0)
    return line(span("probes   ", "dim"), span(`all ${probes.length} as wanted ✓`, "good"));
  const [first] = open;
  const others = open.length === 1 ? "" : `, and ${open.length - 1} more`;
  return clipped(
    line(
      span("probes   ", "dim"),
      span(`${probes.length - open.length}/${probes.length}  `, "strong"),
      `${first?.subject} ${first?.message}${others}`,
    ),
    width,
  );
}

/** Who has not followed yet: a heading, and a window into the list. */
export function laggardLines(state: State, width: number, height: number): Line[] {
  const waiting = shownTrack(state)?.waiting ?? null;
  const all = waiting?.laggards ?? NO_LAGGARDS;
  const found = laggardsOf(waiting, state.query);
  const start = windowStart(state.at, height, found.length);
  const visible = found.slice(start, start + height);
  const longest = Math.max(0, ...visible.map(({ subject }) => widthOfText(clippedText(subject, width))));
  const name = Math.min(longest, Math.floor(width * 0.4));
  return [
    headLine(state, all.length, found.length, width),
    ...visible.map((laggard, index) =>
      laggardLine(laggard, name, start + index === state.at, state.now, width),
    ),
    ...(found.length === 0 && all.length > 0 ? [line(span("  none match", "dim"))] : []),
    ...(all.length === 0 ? [line(span("  everybody has followed ✓", "good"))] : []),
  ];
}

function headLine({ query, searching }: State, all: number, found: number, width: number): Line {
  const heading = all === 0 ? "Not following yet" : `Not following yet: ${grouped(all)}`;
  const sought =
    query === "" && !searching
      ? EMPTY
      : line(span("/", "strong"), query, searching ? span(" ", "cursor") : "");
  const matches = query === "" ? EMPTY : line(span(`  ${grouped(found)} found`, "dim"));
  return spread(line(span(heading, "strong")), [...sought, ...matches], width);
}

function laggardLine(
  { subject, message, since }: Laggard,
  name: number,
  selected: boolean,
  now: number,
  width: number,
): Line {
  const lasting = width >= 70 ? `, ${duration(now - Date.parse(since))}` : "";
  const when = span(` since ${clockTime(since)}${lasting}`, "dim");
  return spread(
    line(span(selected ? "› " : "  ", "strong"), padText(subject, name), "  ", message),
    [when],
    width,
  );
}

/** The newest lines at the bottom. */
export function logLines(log: readonly LogEntry[], width: number, height: number): Line[] {
  return log
    .slice(-height)
    .map(({ at, tone, text }) => clipped(line(span(`${clockTime(at)}  `, "dim"), span(text, tone)), width));
}

/** Which of several rotations this is. */
export function trackCount(state: State): Line {
  const { track, size } = state;
  const tracks = shownTracks(state);
  const at = shownTrack(state);
  if (tracks.length < 2 || at === undefined) return EMPTY;
  const shown = tracks.indexOf(at) + 1;
  const done = tracks.filter(({ state }) => state === "done" || state === "rolled-back").length;
  const follow = track === null ? "" : ", f follows";
  const what = size.columns < 80 ? "" : "rotation ";
  return line(span(`${what}${shown} of ${tracks.length}, ${done} done${follow}`, "dim"));
}

/** `04:12` since the first step began. */
export function elapsed({ startedAt, heardAt, ending }: Run, now: number): string {
  if (startedAt === null) return duration(0);
  const end = ending === null || heardAt === null ? now : Date.parse(heardAt);
  return duration(end - Date.parse(startedAt));
}

export function exactLines(lines: readonly Line[], width: number, height: number): Line[] {
  return Array.from({ length: height }, (_, index) => exactly(lines[index] ?? EMPTY, width));
}
