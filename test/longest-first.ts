import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, in waiting or in work: one that begins last would be waited for by itself. */
const LONGEST = [
  // Of commands.
  "cli/screen",
  "git/history",
  "cli/machines",
  "cli/fleet-walk",
  "cli/cut-off",
  "cli/teleport-11",
  "record/refs-store",
  "cli/whole-repository",
  "cli/databases",
  "cli/lost-node",
  "record/stopped-executable",
  "cli/isolation",
  "cli/overrides",
  "trust/pull-request",
  "cli/scrapped-node",
  "cli/interrupted",
  "cli/checks-outside",
  "cli/judged-words",
  "cli/compromise",
  "cli/fleet-screen",
  "cli/checks",
  "cli/rotation",
  "cli/rotate",
  "cli/overrides-hsm",
  "cli/pair",
  "cli/several-servers",
  "docs/pages",
  "forge/executable",
  "cli/printed-commands",
  "cli/reconcile",
  // Of the world.
  "cli/tour",
  "talos/refusals",
  "cli/checks-transcript",
  "talos/rotation",
  "talos/rollback",
  "talos/scenarios",
  "apply/fleet-shards",
  "model/in-the-middle",
  "talos/faults",
  "views/tui/on-screen",
  "apply/connections",
  "sandbox/talos-lifecycle",
  "views/hostile",
  "views/tui/frames",
  "record/stopped",
  "apply/automatic",
  "sandbox/lifecycle",
  "views/tui/terminal",
  "cli/planted-secrets",
  "delivery/reproducible",
  "talos/kills",
  "record/who-may-write",
  "cli/at-the-edges",
  "forge/action",
  "cli/lost-node-at-night",
  "cli/fleet-of-hundreds",
  "platforms/teleport/executable",
  "apply/every-type",
  "listings/json-stream",
  "rubbish/rubbish",
  "process/runner",
  "record/place",
  "talos/spellings",
  "rubbish/facts",
  "cli/reconcile-service",
  "apply/kill-points",
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
