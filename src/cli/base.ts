import { Failure } from "../failure.ts";
import { whereHeadLeft } from "../git/commits.ts";
import type { Repository } from "../git/repository.ts";
import { CommitTree } from "../git/tree.ts";
import { connectionChanges, NO_BASE } from "../planner/saved/connection-changes.ts";
import {
  type DesiredDifference,
  desiredDifference,
  type PlacedFinding,
  type Side,
} from "../planner/saved/desired-difference.ts";
import type { TrustedBase } from "../planner/trust.ts";
import { profileOf } from "../profiles.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import type { DesiredState, Diagnostic, RepositoryResource } from "../resources/model/desired.ts";
import type { BasePlan } from "../rotation/plan.ts";
import { count } from "../views/count.ts";
import { type Files, yamlDiff } from "../views/text/yaml-diff.ts";
import { type Changes, changesSince } from "./changed-content.ts";
import { loadInRepository } from "./load-in-repository.ts";
import type { Terminal } from "./terminal.ts";

/** What is changed in git since another commit. */
export interface Base extends DesiredDifference {
  readonly commit: string;
  /** Unified diff of the files that hold resources. */
  readonly diff: string;
}

/** The head as it was loaded. */
export interface Head extends Omit<Side, "profileOf"> {
  readonly files: Files;
}

/** What a commit says, and what is wrong with it. */
interface LoadedCommit {
  readonly commit: string;
  readonly state: DesiredState;
  readonly repository: RepositoryResource;
  readonly files: Files;
  readonly errors: number;
}

/** A ref that HEAD is compared with, asked of git once: what a commit says does not change. */
export interface BaseRef {
  readonly ref: string;
  readonly git: Repository;
  readonly tip: string;
  /** The commit where HEAD left it. */
  readonly left: string;
  readonly load: (commit: string) => Promise<LoadedCommit>;
}

/** Looks the ref up; a `Failure` where git does not have it. */
export async function baseRef(
  folder: string,
  ref: string,
  git: Repository | null,
  terminal: Terminal,
): Promise<BaseRef> {
  if (git === null) {
    throw new Failure(
      "usage",
      `there is no commit ${ref} to compare with: ${folder} is in no git repository`,
      {
        hint: "run it in a clone, or leave out --base",
      },
    );
  }
  const loaded = new Map<string, Promise<LoadedCommit>>();
  const load = (commit: string) => {
    const known = loaded.get(commit) ?? loadCommit(folder, commit, git, terminal);
    loaded.set(commit, known);
    return known;
  };
  return { ref, git, ...(await whereHeadLeft(git.git, ref)), load };
}

/** Compares the folder with the commit where it left a ref: what a pull request changes, not what others did. */
export async function compareWithBase({ ref, left, load }: BaseRef, head: Head): Promise<Base> {
  const base = await load(left);
  const diff = yamlDiff(base.files, head.files);
  const { commit, errors } = base;
  if (errors > 0) {
    const message = `has ${count(errors, "error")} in its resources, so nothing can be compared with it`;
    const remedy = "`capstan validate` there shows them; phase edges were not checked";
    const finding: PlacedFinding = { severity: "warning", subject: ref, message, remedy, source: null };
    return {
      commit,
      diff,
      connections: connectionChanges(NO_BASE, head),
      changes: [],
      findings: [finding],
      waivers: [],
    };
  }
  return {
    commit,
    diff,
    ...desiredDifference(
      { desired: base.state, repository: base.repository, profileOf },
      { ...head, profileOf },
    ),
  };
}

/**
 * What a pull request cannot choose: the ref itself as it is now, not the commit where the pull request left it, which
 * may be an old one. Resources with errors say nothing that could be trusted.
 */
export async function trustedBase({ git, tip, left, load }: BaseRef): Promise<TrustedSide> {
  const [base, changes] = await Promise.all([load(tip), changesSince(git, left)]);
  const side = base.errors > 0 ? NO_BASE : { desired: base.state, repository: base.repository };
  return { ...side, changes, git };
}

/** What the base says of connections, with what the pull request changes. */
export interface TrustedSide extends TrustedBase {
  /** What the pull request changes, of whatever files. */
  readonly changes: Changes;
  readonly git: Repository;
}

async function loadCommit(
  folder: string,
  commit: string,
  repository: Repository,
  terminal: Terminal,
): Promise<LoadedCommit> {
  const tree = await CommitTree.open(repository, commit, repository.prefix);
  const loaded = await loadInRepository(folder, repository, tree, terminal);
  return {
    commit,
    state: loaded.state,
    repository: loaded.repository ?? DEFAULT_REPOSITORY,
    files: new Map(loaded.files.map(({ path, text }) => [path, text])),
    errors: loaded.diagnostics.filter(({ severity }) => severity === "error").length,
  };
}

/** What a plan says of the commit that it is compared with: findings go without their place in a file. */
export function basePlan({ commit, connections, changes, findings, waivers }: Base): BasePlan {
  const placeless = findings.map(({ source: _, ...finding }) => finding);
  return { commit, connections, changes, findings: placeless, waivers };
}

/** For `validate`, where they stand now, or stood. */
export function baseDiagnostics({ findings }: Base): readonly Diagnostic[] {
  return findings.map(({ severity, subject, message, remedy, source }) => ({
    severity,
    file: source?.file ?? ".",
    line: source?.line ?? 1,
    column: 1,
    message: `${subject} ${message}`,
    excerpt: null,
    suggestion: remedy,
  }));
}
