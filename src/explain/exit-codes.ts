import type { Explained } from "./page.ts";

/** What each exit code is, by the name that `cli/exit-code.ts` has for it. */
export const EXIT_PAGES = {
  ok: {
    means: "Live equals desired, or all of it was applied; or no cluster is in the shard, which is said.",
    todo: "Nothing.",
  },
  error: {
    means: "Bad input, a cluster that cannot be reached, or a refusal. Nothing was changed that is not said.",
    todo: "Read the message on stderr: it says what to do. Then run it again.",
  },
  changesPlanned: {
    means: "Changes are planned, and every guard passes. Only `capstan plan` ends so.",
    todo: "`capstan apply` makes them.",
  },
  blocked: {
    means: "A guard fails or does not know, or a step waits for a person.",
    why: "What is not known is not good: it blocks.",
    todo: "`capstan plan` names who or what it is about, and ends in the command to type.",
  },
  rolledBack: {
    means: "A step failed and the rotation was rolled back. The old key signs again.",
    todo: "Remove the cause. Then `capstan rotate start TYPE --reason TEXT`.",
  },
  stale: {
    means: "The plan file is old, or is not the one that was approved.",
    why: "Only what was reviewed is applied.",
    todo: "Plan again, and have it approved again.",
  },
  locked: {
    means: "Somebody else holds the lock of the cluster.",
    why: "Two runs on one cluster would undo each other.",
    todo: "`capstan lock show` says who, and whether that run still lives.",
  },
  interrupted: {
    means: "Stopped by a signal, at a safe point.",
    todo: "`capstan apply` goes on from what it then observes.",
  },
} as const satisfies Readonly<Record<string, Explained>>;
