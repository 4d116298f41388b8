import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, measured on two cores: one that begins last would be waited for by itself. */
const LONGEST = [
  "talos/scenarios",
  "cli/machines",
  "cli/overrides",
  "cli/one-repository",
  "talos/faults",
  "cli/git-history",
  "talos/refusals",
  "talos/rollback",
  "cli/whole-repository",
  "cli/databases",
  "cli/override-commands",
  "record/stopped-executable",
  "cli/tour",
  "cli/cut-off",
  "record/refs-store",
  "record/races",
  "views/tui/frames",
  "sandbox-talos/rotation",
  "cli/plan-files",
  "cli/teleport-11",
  "record/who-may-write",
  "cli/init-talos",
  "views/tui/on-screen",
  "cli/planted-secrets",
  "trust/pull-request",
  "cli/rotate",
  "cli/interrupted",
  "cli/screen",
  "forge/executable",
];

/** One after the other: a process takes files of one project, and ends before one of another. */
const PROJECTS = ["commands", "world", "alone", "pure"];

/** Project by project, the longest first, in a committed order: a machine of CI has no times of the last run. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((left, right) => project(left) - project(right) || rank(left) - rank(right));
  }
}

function project({ project: { name } }: TestSpecification): number {
  return PROJECTS.indexOf(name);
}

function rank({ moduleId }: TestSpecification): number {
  const at = LONGEST.findIndex((name) => moduleId.includes(`/test/${name}.test.`));
  return at < 0 ? LONGEST.length : at;
}
