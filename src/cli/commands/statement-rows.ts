import { row } from "./command-row.ts";
import { COMMON } from "./common-flags.ts";

const ROTATION = {
  value: "cluster/rotation",
  says: "of which rotation, where several are meant: [CLUSTER/]NAME",
} as const;

/** `capstan waive`. */
export const WAIVE = row({
  name: "waive",
  summary: "accept a finding of a guard for a time: edits the YAML, for a commit",
  arguments: [
    { name: "guard", says: "the guard, as the plan names it" },
    { name: "subject", says: "what its finding is about, as the plan names it" },
  ],
  flags: {
    ...COMMON,
    reason: { value: "text", says: "why it is accepted: it stands in every plan", required: true },
    expires: {
      value: "when",
      says: "a date, or a duration of at most 90 days: 2026-12-24, 14d, 36h",
      required: true,
    },
    rotation: ROTATION,
  },
  examples: [
    'capstan waive roster node/node2 --reason "scrapped, OPS-117" --expires 14d',
    'capstan waive window authority/host --reason "agreed" --expires 1d',
  ],
  exits: ["ok", "error"],
});

/** `capstan acknowledge`. */
export const ACKNOWLEDGE = row({
  name: "acknowledge",
  summary: "state that work by hand is done, as the git user: edits the YAML, for a commit",
  arguments: [{ name: "step", says: "the work, as the plan names it", optional: true, several: true }],
  flags: {
    ...COMMON,
    note: { value: "text", says: "what was done" },
    evidence: { value: "text", says: "where it can be seen: a ticket, a link" },
    rotation: ROTATION,
    allOpen: { says: "all work that is open now; a person is asked, on a terminal" },
  },
  examples: [
    "capstan acknowledge db_client/init/trust-both --evidence OPS-117",
    'capstan acknowledge host/init/known-hosts-both host/init/publish-both-pins --note "all 40 machines"',
    "capstan acknowledge --all-open",
  ],
  exits: ["ok", "error"],
});

/** `capstan hold`. */
export const HOLD = row({
  name: "hold",
  summary: "hold a cluster or a rotation: edits the YAML, for a commit; never holds the way back",
  arguments: [{ name: "cluster", says: "the cluster; without it those that are selected", optional: true }],
  flags: {
    ...COMMON,
    reason: { value: "text", says: "why: it stands in every plan and status", required: true },
    until: { value: "when", says: "a date, held to its end, or a time; without it until it is taken out" },
    rotation: { ...ROTATION, says: "hold this rotation alone: [CLUSTER/]NAME" },
  },
  examples: [
    "capstan hold acme.cluster --reason audit --until 2026-12-18",
    "capstan hold --selector ring=canary --reason audit",
    'capstan hold acme.cluster --rotation host-2026-11 --reason "ask ada first"',
  ],
  exits: ["ok", "error"],
});
