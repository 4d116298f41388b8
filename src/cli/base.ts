import { Failure } from "../failure.ts";
import { baseCommit } from "../git/commits.ts";
import { openRepository } from "../git/repository.ts";
import { CommitTree } from "../git/tree.ts";
import {
  type DesiredDifference,
  desiredDifference,
  type PlacedFinding,
  type Side,
} from "../planner/desired-difference.ts";
import { count } from "../render/layout.ts";
import { type Files, yamlDiff } from "../render/yaml-diff.ts";
import { DEFAULT_REPOSITORY } from "../resources/build.ts";
import type { Diagnostic } from "../resources/desired.ts";
import { loadResources } from "../resources/load.ts";
import type { BasePlan } from "../rotation/plan.ts";
import type { Terminal } from "./terminal.ts";

/** What is changed in git since another commit. */
export interface Base extends DesiredDifference {
  readonly commit: string;
  /** Unified diff of the files that hold resources. */
  readonly diff: string;
}

/** The head as it was loaded. */
export interface Head extends Side {
  readonly files: Files;
}

/** Compares the folder with the commit where it left a ref: what a pull request changes, not what others did. */
export async function compareWithBase(
  folder: string,
  ref: string,
  head: Head,
  terminal: Terminal,
): Promise<Base> {
  const repository = await openRepository(folder, terminal.env);
  if (repository === null) {
    throw new Failure(
      "usage",
      `there is no commit ${ref} to compare with: ${folder} is in no git repository`,
    );
  }
  const commit = await baseCommit(repository.git, ref);
  const tree = await CommitTree.open(repository, commit, repository.prefix);
  const base = await loadResources(folder, terminal.env, new Date(terminal.now()), tree);
  const diff = yamlDiff(new Map(base.files.map(({ path, text }) => [path, text])), head.files);
  const errors = base.diagnostics.filter(({ severity }) => severity === "error").length;
  if (errors > 0) {
    const message = `has ${count(errors, "error")} in its resources, so nothing can be compared with it`;
    const remedy = "`capstan validate` there shows them; phase edges were not checked";
    const finding: PlacedFinding = { severity: "warning", subject: ref, message, remedy, source: null };
    return { commit, diff, changes: [], findings: [finding] };
  }
  const side = { desired: base.state, repository: base.repository ?? DEFAULT_REPOSITORY };
  return { commit, diff, ...desiredDifference(side, head) };
}

/** For the plan. */
export function basePlan({ commit, changes, findings }: Base): BasePlan {
  return { commit, changes, findings: findings.map(({ source: _, ...finding }) => finding) };
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
