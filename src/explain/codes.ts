import type { ProblemCode } from "../rotation/plan.ts";
import type { Explained } from "./page.ts";

/** The codes of errors: `error.code` of JSON, and `problem.code` of a cluster in a plan. */
export const CODE_PAGES: Readonly<Record<ProblemCode, Explained>> = {
  usage: {
    means: "A flag or an argument is wrong, or does not fit what is there.",
    todo: "The message names it. `capstan COMMAND --help` shows the flags, with examples.",
  },
  resources: {
    means: "The resources have errors, or do not fit the cluster that they name.",
    why: "What cannot be understood is not guessed at.",
    todo: "`capstan validate` shows all errors with file and line, and asks no cluster.",
  },
  executable: {
    means:
      "The tool of the platform, or another program, is missing, hangs, fails, or prints what nobody can read.",
    todo: "`capstan doctor` tries it. `capstan COMMAND --verbose` shows what is run.",
  },
  denied: {
    means:
      "The platform or the forge says no (a role, a second factor, an identity that has expired), or a sealed key cannot be opened.",
    todo: "`capstan doctor` says which right is missing. Give it to the role of capstan, or issue a new identity.",
  },
  refused: {
    means:
      "The platform refuses the step or did not show it in time, or a rule of the repository refuses the run.",
    todo: "The message quotes it. `capstan status` shows how the cluster stands.",
  },
  locked: {
    means: "Somebody else holds the lock of the cluster.",
    todo: "`capstan lock show` says who, and whether that run still lives.",
  },
  stale: {
    means: "The plan file is old, or is not the one that was approved.",
    todo: "Plan again, and have it approved again.",
  },
  storage: {
    means: "The record, another file, the git server or the forge cannot be read or written.",
    why: "A step that cannot be written down is not taken.",
    todo: "The message names it. A file: look at the disk, its owner and its mode. A git server: docs/git-servers.md.",
  },
  interrupted: {
    means: "Stopped by a signal, at a safe point.",
    todo: "`capstan apply` goes on from what it then observes.",
  },
  "not-trusted-yet": {
    means:
      "A pull request says how the cluster is reached, and is not merged yet. So the cluster was not read.",
    why: "Whoever opens a pull request could have anything run or dialled.",
    todo: "Merge it: then it is planned. Or list the executable and the address in the `repository` resource of the base branch.",
  },
};
