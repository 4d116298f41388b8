import { Failure } from "../failure.ts";
import { type HistoryFacts, type HistoryReader, type Relation, undeclaredIn } from "../rotation/history.ts";
import { isAncestor } from "./commits.ts";
import { deletionsBetween } from "./deletions.ts";
import { type Git, refusal } from "./git.ts";
import type { Repository } from "./repository.ts";

interface Told {
  readonly relation: Relation;
  readonly why: string | null;
}

/**
 * Tells how a commit stands to those that were applied last, and what was deleted in between. A clone that cannot tell
 * is given more of its history from the remote, by the run's own credentials.
 */
export function historyReader(
  repository: Repository,
  head: string,
  { remote, proposal }: { readonly remote: string; readonly proposal: boolean },
): HistoryReader {
  const asked = new Map<string, Promise<Told>>();
  const related = (applied: string): Promise<Told> => {
    const known = asked.get(applied) ?? relate(repository.git, applied, head, remote);
    asked.set(applied, known);
    return known;
  };
  return async (record, declared) => {
    const applied = record.applied ?? null;
    const facts: HistoryFacts = { head, applied, relation: null, why: null, deletions: [], proposal };
    if (applied === null) return facts;
    const told = await related(applied.commit);
    const missing = undeclaredIn(record, declared);
    const isAsked = missing.length > 0 && told.relation === "descendant";
    const span = { from: applied.commit, to: head };
    const deletions = isAsked
      ? await deletionsBetween(repository, span, { cluster: record.cluster, missing })
      : [];
    return { ...facts, ...told, deletions };
  };
}

/** How a commit stands to one that was applied, as far as the clone and its remote can tell. */
export async function relate(git: Git, applied: string, head: string, remote: string): Promise<Told> {
  if (applied === head) return { relation: "same", why: null };
  const first = await relateHere(git, applied, head);
  if (first !== null) return { relation: first, why: null };
  const problem = await fetchUntil(
    git,
    remote,
    applied,
    head,
    async () => (await relateHere(git, applied, head)) !== null,
  );
  const then = await relateHere(git, applied, head);
  if (then !== null) return { relation: then, why: null };
  if (problem !== null) return { relation: "unknown", why: problem };
  // All of the history is at hand, or the remote has no more of it: the commit is not in it.
  return { relation: "diverged", why: null };
}

/** By what the clone has. `null`: it has too little to tell. */
async function relateHere(git: Git, applied: string, head: string): Promise<Relation | null> {
  if (!(await isAtHand(git, applied))) return null;
  // A yes holds in a shallow clone, too; a no does not.
  if (await isAncestor(git, applied, head)) return "descendant";
  if (await isAncestor(git, head, applied)) return "older";
  return (await isShallow(git)) ? null : "diverged";
}

async function isAtHand(git: Git, commit: string): Promise<boolean> {
  const args = ["cat-file", "-e", `${commit}^{commit}`];
  const answer = await git.ask(args);
  if (answer.exitCode === 0) return true;
  if (answer.exitCode === 1 || /Not a valid object name|not our ref|could not fetch/.test(answer.stderr))
    return false;
  throw refusal(git.where, args, answer);
}

async function isShallow(git: Git): Promise<boolean> {
  return (await git.must(["rev-parse", "--is-shallow-repository"])).trim() === "true";
}

/** How far back a shallow clone is deepened before it gets everything. */
const DEPTHS = ["--deepen=50", "--deepen=500", "--unshallow"];
const FETCH_MS = 120_000;

/** Neither refs, FETCH_HEAD, tags nor submodules of the clone change: only what it knows. */
const QUIET = [
  "--quiet",
  "--no-tags",
  "--no-write-fetch-head",
  "--no-recurse-submodules",
  "--no-auto-gc",
  "--refmap=",
];

const NOT_THERE = /not our ref|couldn't find remote ref|unadvertised object|no such remote ref/i;

/** Gives the clone more of its history until that is enough; gives why it could not. */
async function fetchUntil(
  git: Git,
  remote: string,
  applied: string,
  head: string,
  isEnough: () => Promise<boolean>,
): Promise<string | null> {
  const shallow = await isShallow(git);
  if (!(await hasRemote(git, remote))) {
    return shallow ? `the clone is shallow, and there is no remote ${remote}` : null;
  }
  try {
    const lacks = !(await isAtHand(git, applied));
    if (lacks) await fetched(git, remote, [], applied);
    for (const depth of shallow ? DEPTHS : []) {
      if (await isEnough()) return null;
      if (!(await isShallow(git))) return null;
      if (!(await fetched(git, remote, [depth], head))) await fetched(git, remote, [depth], null);
    }
    return (await isShallow(git)) ? `the clone is shallow, and ${remote} gave no more of its history` : null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const lack = shallow ? "the clone is shallow" : "the clone does not have that commit";
    return `${lack}, and ${error.message}`;
  }
}

async function hasRemote(git: Git, remote: string): Promise<boolean> {
  if (/[:/]/.test(remote)) return true;
  return (await git.ask(["config", "--get", `remote.${remote}.url`])).exitCode === 0;
}

/** `false`: the remote has no such commit, or does not give it by its name. */
async function fetched(
  git: Git,
  remote: string,
  depth: readonly string[],
  commit: string | null,
): Promise<boolean> {
  const what = commit === null ? [] : [commit];
  const args = ["fetch", ...QUIET, ...depth, remote, ...what];
  const answer = await git.ask(args, { timeoutMs: FETCH_MS });
  if (answer.exitCode === 0) return true;
  if (commit !== null && NOT_THERE.test(answer.stderr)) return false;
  const said = withoutCredentials(answer.stderr.trim()).split("\n").join(" ");
  throw new Failure("storage", `git fetch from ${remote} failed: ${said}`);
}

/** git quotes the address of the remote, which may have a token in it. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s@]*@/g, "://…@");
}
