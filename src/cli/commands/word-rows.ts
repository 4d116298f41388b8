import { row } from "./command-row.ts";
import { COMMON } from "./common-flags.ts";

/** `capstan explain`. */
export const EXPLAIN = row({
  name: "explain",
  summary: "what a guard, phase, code, piece of work or field means, and what to do",
  arguments: [
    {
      name: "word",
      says: "as it is printed, or as it stands in YAML; without one: which there are",
      optional: true,
    },
  ],
  flags: COMMON,
  examples: ["capstan explain roster", "capstan explain 3", "capstan explain policy.soak"],
  exits: ["ok", "error"],
});

/** `capstan completion`. */
export const COMPLETION = row({
  name: "completion",
  summary: "what a shell loads to complete commands and flags",
  arguments: [{ name: "shell", says: "bash, zsh or fish" }],
  flags: {},
  examples: ["capstan completion bash", "capstan completion fish"],
  exits: ["ok", "error"],
});
