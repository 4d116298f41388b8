import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, in waiting or in work: one that begins last would be waited for by itself. */
const LONGEST = [
  "git/history",
  "cli/machines",
  "cli/databases",
  "cli/whole-repository",
  "cli/screen",
  "trust/pull-request",
  "cli/rotation",
  "cli/reconcile",
  "record/refs-store",
  "record/stopped-executable",
  "cli/fleet-screen",
  "cli/fleet-walk",
  "cli/checks-outside",
  "cli/teleport-11",
  "cli/overrides",
  "forge/executable",
  "cli/cut-off",
  "cli/lost-node",
  "cli/rotate",
  "cli/checks",
  "cli/overrides-18.9.0",
  "cli/interrupted",
  "cli/isolation",
  "cli/pair",
  "cli/other-hands",
  "cli/printed-commands",
  "docs/pages",
  "cli/scrapped-node",
  "cli/compromise",
  "cli/judged-words",
  "cli/fleet-of-hundreds",
  "cli/overrides-hsm",
  "cli/one-repository",
  "cli/tour",
  "talos/refusals",
  "apply/fleet-shards",
  "talos/rollback",
  "talos/rotation",
  "talos/scenarios",
  "talos/faults",
  "cli/reconcile-service",
  "talos/spellings",
  "sandbox/lifecycle",
  "apply/kill-points",
  "cli/lost-node-at-night",
  "record/who-may-write",
  "cli/at-the-edges",
  "record/stopped",
  "cli/planted-secrets",
  "views/tui/on-screen",
  "views/tui/frames",
  "sandbox/talos/rotation",
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
