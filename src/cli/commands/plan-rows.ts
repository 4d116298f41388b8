import { row } from "./command-row.ts";
import { COMMON, EXPECT, FOLDER, REVIEWED, SCREEN_READER } from "./common-flags.ts";

/** `capstan plan`. */
export const PLAN = row({
  name: "plan",
  summary: "compare git with the live clusters",
  arguments: [FOLDER],
  flags: {
    ...REVIEWED,
    out: { value: "file", says: "write the plan to a file, for `show` and `apply`; - prints it" },
    base: {
      value: "ref",
      says: "also say what is changed in git since this commit, and read through its connections",
    },
    trustHead: { says: "with --base: read through what is changed, too" },
    expect: EXPECT,
    uncommitted: { says: "plan the folder as it is, in place of the commit" },
    interactive: { short: "i", says: "on a screen: move, fold, search" },
    screenReader: SCREEN_READER,
    observations: { value: "file", says: "save what was read, or plan from such a file" },
  },
  examples: [
    "capstan plan",
    "capstan plan --out plan.json",
    "capstan plan --base origin/main --format markdown",
  ],
  exits: ["ok", "error", "changesPlanned", "blocked", "stale"],
});

/** `capstan show`. */
export const SHOW = row({
  name: "show",
  summary: "show a plan file",
  arguments: [{ name: "file", says: "what `plan --out` wrote; - reads it from standard input" }],
  flags: REVIEWED,
  examples: ["capstan show plan.json"],
  exits: ["ok", "error", "stale"],
});

/** `capstan replay`. */
export const REPLAY = row({
  name: "replay",
  summary: "show a finished run again, from what --events wrote",
  arguments: [{ name: "file", says: "the events of the run; - reads them from standard input" }],
  flags: {
    ...COMMON,
    speed: { value: "n", of: "count", says: "how many times faster" },
    tui: { negated: true, says: "no screen: text" },
    screenReader: SCREEN_READER,
  },
  examples: ["capstan replay events.jsonl --speed 10"],
  exits: ["ok", "error"],
});

/** `capstan forecast`. */
export const FORECAST = row({
  name: "forecast",
  summary: "say what must rotate or expires, and when",
  arguments: [FOLDER],
  flags: {
    ...COMMON,
    format: {
      ...REVIEWED.format,
      says: "how results are printed; ical is a calendar to subscribe to",
      choices: ["text", "json", "markdown", "ical"],
    },
    within: { value: "duration", of: "duration", says: "how far to look", default: "90d" },
  },
  examples: ["capstan forecast", "capstan forecast --within 365d --format ical"],
  exits: ["ok", "error", "blocked"],
  more: [
    "",
    "Exit 3: something is due in that time, is overdue, or has no known date. The",
    "end of a waiver or a hold is told, too.",
  ],
});
