import type { Flag, Flags, ValuesOf } from "../../flag.ts";

/**
 * How results are printed. Markdown is for what reviewers read: a plan, a status, what is wrong with resources. The last
 * two are for calendars and for Prometheus.
 */
export type Format = "text" | "json" | "markdown" | "ical" | "openmetrics";

function common<const Formats extends readonly Format[]>(formats: Formats) {
  return {
    directory: { short: "C", value: "dir", says: "folder of the repository", default: "." },
    cluster: {
      value: "name",
      says: "only this cluster (repeatable)",
      repeatable: "flag",
      variable: "CAPSTAN_CLUSTER",
    },
    selector: {
      value: "key=value",
      says: "only clusters with this label (repeatable: with all)",
      repeatable: "flag",
      variable: "CAPSTAN_SELECTOR",
    },
    shard: { value: "i/n", says: "only the part of one of N machines, 0 to N-1" },
    format: {
      value: "format",
      says: "how results are printed",
      choices: formats,
      default: "text",
      variable: "CAPSTAN_FORMAT",
    },
    color: { negated: true, says: "no colour, also with NO_COLOR in the environment" },
    quiet: { short: "q", says: "no progress on stderr" },
    verbose: { short: "v", says: "what is run, on stderr" },
    profile: { value: "file", says: "write where capstan's time goes, for a bug report" },
  } as const satisfies Flags;
}

/** The flags that all commands share (design, section 6). */
export const COMMON = common(["text", "json"]);

/** The same, where what is printed is read by reviewers. */
export const REVIEWED = common(["text", "json", "markdown"]);

/** The same, where it is read as it goes on. */
export const FOLLOWED = common(["text"]);

/** What was typed of the shared flags; `format` is one of those that the command knows. */
export type CommonOptions = Omit<ValuesOf<typeof COMMON>, "format"> & { readonly format: Format };

/** A folder that may be given as an argument. */
export const FOLDER = { name: "dir", says: "folder of the repository", optional: true } as const;

/** The plan, or parts of it, that was approved. Repeatable, and never with several values: a folder may come after it. */
export const EXPECT = {
  value: "fingerprint",
  says: "refuse any plan but the one with this fingerprint; CLUSTER=FINGERPRINT is one cluster of it (repeatable)",
  repeatable: "flag",
} as const satisfies Flag;

/** Once for each rotation. Its value comes after `=` only: what stands behind a bare one is a plan file. */
export const APPROVE_FINAL = {
  value: "cluster/rotation",
  says: "also take the point of no return (=CLUSTER[/ROTATION])",
  repeatable: "flag",
  inline: true,
} as const satisfies Flag;

/** How many clusters are walked at the same time. */
export const PARALLEL = {
  value: "n",
  of: "count",
  says: "clusters at the same time",
  default: "10",
  variable: "CAPSTAN_PARALLEL",
} as const satisfies Flag;

/** The flag of commands with a screen: the same as sentences, in reading order, for people who hear it. */
export const SCREEN_READER = {
  says: "the screen as sentences in reading order",
} as const satisfies Flag;

/** A folder given as an argument wins over `-C`. */
export function directoryOf(argument: string | undefined, options: CommonOptions): string {
  return argument ?? options.directory;
}
