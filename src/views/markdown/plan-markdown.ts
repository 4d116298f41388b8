import { isHeld } from "../../planner/startable.ts";
import { editsDue, isWaiting } from "../../planner/verdict.ts";
import { needsOwnApproval, type Plan } from "../../rotation/plan.ts";
import { count } from "../count.ts";
import { planShortener } from "../fingerprints.ts";
import { essential, type Fitted, type Part, withinLimit } from "./budget.ts";
import { clusterParts, quietParts } from "./cluster-parts.ts";
import { details } from "./details.ts";
import { changeFindings, connectionWarning, overview, verdict, warnings } from "./essentials.ts";
import { IMPORTANCE } from "./importance.ts";
import { code, fence, link, prose } from "./inline.ts";
import { riskOf } from "./risk.ts";

/** GitHub takes 65,536 characters; the rest is for what is put around it. */
export const COMMENT_LIMIT = 60_000;

/** Clusters are folded where there are more of them than this. */
const UNFOLDED = 2;

/** Kept for the sentence that says what was left out. */
const RESERVE = 700;

/** What stands around the plan in a comment. */
export interface MarkdownOptions {
  /** Heading, `capstan plan` by default. */
  readonly title?: string;
  /** What the pull request changes, as a unified diff of YAML. */
  readonly diff?: string;
  /** Characters that the whole may have. */
  readonly limit?: number;
  /** Where the whole plan is: the page of the run. */
  readonly link?: string;
  /** What the plan is bound to. */
  readonly fingerprint?: string;
  /** What is planned, where that is not what the folder has: the first line. */
  readonly about?: string;
  /** The plan file, for the next command. */
  readonly planFile?: string;
}

/**
 * The plan as a comment on a pull request: verdict first, details folded, the next command last. Text from git or
 * a cluster cannot leave its place in it. Ends with a line feed.
 */
export function planMarkdown(plan: Plan, options: MarkdownOptions = {}): string {
  const limit = options.limit ?? COMMENT_LIMIT;
  const shorten = planShortener(plan);
  const risky = plan.clusters.toSorted((one, other) => riskOf(other) - riskOf(one));
  const busy = risky.filter((cluster) => riskOf(cluster) > 0);
  const quiet = risky.filter((cluster) => riskOf(cluster) === 0);
  const about = options.about === undefined ? "" : `${prose(options.about)}\n\n`;
  const head = essential(`${about}## ${prose(options.title ?? "capstan plan")}\n\n`);
  const parts: readonly Part[] = [
    head,
    ...connectionWarning(plan, limit / 8),
    verdict(plan),
    ...overview(plan),
    ...changeFindings(plan),
    ...warnings(plan, limit - 2 * RESERVE),
    ...changes(plan),
    ...busy.map((cluster) => clusterParts(cluster, { shorten, base: plan.base }, busy.length > UNFOLDED)),
    ...quietParts(quiet, quiet.length > UNFOLDED || busy.length > 0),
    ...gitDiff(options),
    next(plan, options),
    origin(plan, options),
  ];
  const whole = withinLimit(parts, limit);
  return whole.whole ? whole.text : cut(withinLimit(parts, limit - RESERVE), options);
}

/** Which rotation moves where. */
function changes({ base }: Plan): readonly Part[] {
  const changes = base?.changes ?? [];
  if (changes.length === 0) return [];
  const lines = changes.map((change) => ({
    text: `- ${prose(change)}\n`,
    importance: IMPORTANCE.steps,
    what: "changes in git",
  }));
  const end = { text: "\n", importance: IMPORTANCE.steps, what: "" };
  return [{ open: "### What changes in git\n\n", parts: [...lines, end], close: "" }];
}

function gitDiff({ diff }: MarkdownOptions): readonly Part[] {
  if (diff === undefined || diff.trim() === "") return [];
  const text = `${fence(diff, "diff")}\n`;
  return [details("Changed files", [{ text, importance: IMPORTANCE.diff, what: "changes in git" }])];
}

/** The last words: what to do now, as a command to copy. */
function next(plan: Plan, options: MarkdownOptions): Part {
  if (plan.uncommitted !== undefined) {
    return essential("**Next:** commit it; `capstan apply` takes only what is committed.\n");
  }
  const then = fence("capstan plan", "sh");
  switch (plan.verdict) {
    case "nothing_to_do":
      return nextEdit(plan);
    case "incomplete":
      return essential(`**Next:** deal with what was not read, then\n\n${then}`);
    case "blocked":
      if (isWaiting(plan.clusters)) {
        return essential(`**Next:** this goes on waiting,\n\n${applyCommand(plan, options)}`);
      }
      return essential(`**Next:** deal with what blocks, then\n\n${then}`);
    case "blocked_in_part":
      return essential(
        `**Next:** deal with what blocks, then\n\n${then}\nWhat is ready is made, once it is approved, by\n\n${applyCommand(plan, options)}`,
      );
    case "ready":
    case "ready_waived":
    case "ready_final":
      return essential(`**Next:** once it is approved,\n\n${applyCommand(plan, options)}`);
  }
}

/** With the fingerprint, so that nothing else is applied than what stands above. */
function applyCommand(plan: Plan, { planFile, fingerprint }: MarkdownOptions): string {
  const file = planFile === undefined ? "" : ` ${quoted(planFile)}`;
  const expect = fingerprint === undefined ? "" : ` --expect ${quoted(fingerprint)}`;
  return fence(`capstan apply${file}${expect}${finalFlags(plan)}`, "sh");
}

/** Nothing on a cluster; what is due in git all the same. */
function nextEdit({ clusters }: Plan): Part {
  if (clusters.length === 0) return essential("**Next:** nothing here; other machines have the clusters.\n");
  const edits = editsDue(clusters);
  if (edits.length === 0) return essential("**Next:** nothing to do.\n");
  return essential(
    `**Next:** nothing to do on a cluster. In git, for a commit,\n\n${fence(edits.join("\n"), "sh")}`,
  );
}

/** Of more, a person names those that are meant. */
const FINALS_NAMED = 10;

/** One point of no return is what the bare flag means; several are named. */
function finalFlags({ clusters }: Plan): string {
  const finals = clusters.flatMap(({ name, rotations }) =>
    rotations
      .filter(({ steps }) => steps.some((step) => needsOwnApproval(step) && !isHeld(step)))
      .map((rotation) => `${name}/${rotation.name}`),
  );
  if (finals.length === 1) return " --approve-final";
  if (finals.length > FINALS_NAMED) return " --approve-final=CLUSTER/ROTATION …";
  return finals.map((final) => ` --approve-final=${quoted(final)}`).join("");
}

/** For a POSIX shell: a person copies it. */
function quoted(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function origin({ commit, uncommitted }: Plan, options: MarkdownOptions): Part {
  const facts = [
    ...(commit === null ? [] : [`commit ${code(commit)}`]),
    ...(uncommitted === undefined ? [] : [count(uncommitted.length, "uncommitted file")]),
    ...(options.fingerprint === undefined ? [] : [`fingerprint ${code(options.fingerprint)}`]),
    ...(options.link === undefined ? [] : [link("run", options.link)]),
  ];
  return essential(facts.length === 0 ? "" : `\n<sub>${facts.join(" · ")}</sub>\n`);
}

/** Says what is missing and where it is, at the end, where a reader who misses something looks. */
function cut({ text, left }: Fitted, options: MarkdownOptions): string {
  const what = [...left].map(([name, number]) => `${name} (${number})`);
  const where = options.link === undefined ? "" : `${link("the summary of the run", options.link)}, or `;
  return `${text}\n> [!NOTE]\n> Left out to stay within ${options.limit ?? COMMENT_LIMIT} characters: ${what.join(", ")}. All of it is in ${where}\`capstan plan --format markdown\`.\n`;
}
