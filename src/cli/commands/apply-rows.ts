import { row } from "./command-row.ts";
import { APPROVE_FINAL, COMMON, EXPECT, FOLDER, FOLLOWED, PARALLEL, SCREEN_READER } from "./common-flags.ts";

/** `capstan apply`. */
export const APPLY = row({
  name: "apply",
  summary: "take the planned steps, guarded",
  arguments: [
    {
      name: "plan",
      says: "a plan file (- reads it from standard input), or the folder of the repository",
      optional: true,
    },
  ],
  flags: {
    ...COMMON,
    approveFinal: APPROVE_FINAL,
    expect: EXPECT,
    parallel: PARALLEL,
    autoApprove: { says: "take steps without asking" },
    acceptHistory: { value: "reason", says: "take the commit as a new start: the history was rewritten" },
    events: { value: "file", says: "write the run as JSON Lines to a new file" },
    tui: { negated: true, says: "no screen: text, and questions line by line" },
    screenReader: SCREEN_READER,
  },
  examples: [
    "capstan apply",
    "capstan apply plan.json --auto-approve",
    "capstan apply --approve-final=acme.cluster/host-2026-11",
  ],
  exits: ["ok", "error", "blocked", "rolledBack", "stale", "locked", "interrupted"],
});

/** `capstan reconcile`. */
export const RECONCILE = row({
  name: "reconcile",
  summary: "follow a branch of the remote: plan and apply, round after round",
  arguments: [FOLDER],
  flags: {
    ...FOLLOWED,
    approveFinal: APPROVE_FINAL,
    parallel: PARALLEL,
    format: { ...FOLLOWED.format, says: "json: one object per event on stdout", choices: ["text", "json"] },
    listen: {
      value: "host:port",
      says: "serve /metrics, /healthz, /readyz; a port alone is of this machine",
    },
    healthFile: { value: "file", says: "write where it stands after every round" },
    interval: { value: "duration", of: "duration", says: "between two rounds", default: "60s" },
    once: { says: "one round; exits as apply does" },
  },
  examples: ["capstan reconcile --interval 5m", "capstan reconcile --once"],
  exits: ["ok", "error", "blocked", "rolledBack", "stale", "locked", "interrupted"],
});

/** `capstan action`. The forge is told by the environment of the job. */
export const ACTION = row({
  name: "action",
  summary: "in a job of GitHub, GitLab, Gitea or Forgejo: plan, apply, drift",
  arguments: [{ name: "mode", says: "plan, apply or drift; the rest comes from the environment" }],
  flags: {},
  examples: ["capstan action plan"],
  exits: ["ok", "error", "blocked", "rolledBack", "stale", "locked", "interrupted"],
});

/** `capstan lock …`. */
export const LOCK = { name: "lock", summary: "who is applying: show, release" } as const;

/** `capstan lock show`. */
export const LOCK_SHOW = row({
  name: "lock show",
  summary: "who holds the lock, since when, and until when",
  arguments: [],
  flags: COMMON,
  examples: ["capstan lock show"],
  exits: ["ok", "error", "locked"],
});

/** `capstan lock release`. */
export const LOCK_RELEASE = row({
  name: "lock release",
  summary: "end the lock of a run that is gone for good",
  arguments: [],
  flags: {
    ...COMMON,
    id: { value: "id", says: "its id, as `lock show` says", required: true },
    force: { says: "also while its run may be alive: two runs may then be at work at once" },
  },
  examples: ["capstan lock release --id 3f2a"],
  exits: ["ok", "error", "locked"],
});
