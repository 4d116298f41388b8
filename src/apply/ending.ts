import type { FailureCode } from "../failure.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import type { ClusterPlan } from "../rotation/plan.ts";
import { namingCluster } from "../rotation/remedy-command.ts";
import type { RunOutcome } from "./event.ts";

/** How the work on one cluster, or on one rotation of it, ended. */
export interface WorkEnding {
  readonly outcome: RunOutcome;
  readonly message: string;
}

/** What a run ends with on a cluster where this happened. */
export const OUTCOME_OF: Readonly<Record<FailureCode, RunOutcome>> = {
  locked: "locked",
  stale: "stale",
  interrupted: "interrupted",
  usage: "failed",
  resources: "failed",
  executable: "failed",
  denied: "failed",
  refused: "failed",
  storage: "failed",
};

/** The gravest first (design, section 6). */
const GRAVITY: readonly RunOutcome[] = [
  "interrupted",
  "failed",
  "rolled-back",
  "stale",
  "locked",
  "rollback-unfinished",
  "blocked",
  "applied",
  "nothing-to-do",
];

/** The ending that the run is judged by, the first in `GRAVITY`; `undefined` when nothing was worked on. */
export function gravest(endings: readonly WorkEnding[]): WorkEnding | undefined {
  return endings.toSorted((left, right) => GRAVITY.indexOf(left.outcome) - GRAVITY.indexOf(right.outcome))[0];
}

/** Whether nobody has to look at it: all that was planned is done, or nothing was to do. */
export function isGood(outcome: RunOutcome): boolean {
  return outcome === "applied" || outcome === "nothing-to-do";
}

/** Of a cluster for which no step is planned. */
export function nothingToDo(cluster: ClusterPlan): WorkEnding {
  if (isBlockedBeside(cluster)) return { outcome: "blocked", message: whatBlocks(cluster) };
  return { outcome: "nothing-to-do", message: "live equals desired" };
}

/** Of a cluster whose steps were all taken: what blocked beside them still does. */
export function afterAll(
  cluster: ClusterPlan,
  desired: Pick<DesiredState, "authorities" | "clusters">,
): WorkEnding {
  if (isBlockedBeside(cluster)) return { outcome: "blocked", message: whatBlocks(cluster) };
  const done = "everything that was planned is done";
  const types = namedStill(cluster, desired);
  if (types.length === 0) return { outcome: "applied", message: done };
  const command = `capstan rotate finish ${types.join(",")}`;
  const edit = desired.clusters.length > 1 ? namingCluster(command, cluster.name) : command;
  return { outcome: "applied", message: `${done}. One edit is due in git: \`${edit}\`, then a commit` };
}

/** The CAs whose old key is gone by now, and which git still says sign with it: a walk is written before there is a new one. */
function namedStill(
  { name, rotations }: ClusterPlan,
  { authorities }: Pick<DesiredState, "authorities">,
): readonly string[] {
  const ended = rotations
    .filter(({ steps }) => steps.some(({ from, to }) => to === "standby" && from !== "rollback"))
    .flatMap(({ keys }) => keys)
    .filter(({ role }) => role === "retiring");
  const isNamed = (type: string) =>
    authorities.some(
      (one) =>
        one.cluster === name &&
        one.type === type &&
        ended.some(
          ({ authority, fingerprint }) => authority === type && one.activeKeys.includes(fingerprint),
        ),
    );
  return [...new Set(ended.map(({ authority }) => authority))].filter(isNamed);
}

/** By what is no step. */
function isBlockedBeside({ drift, overrides }: ClusterPlan): boolean {
  return drift.some(({ blocks }) => blocks) || overrides.some(({ blocked }) => blocked);
}

function whatBlocks({ drift, overrides }: ClusterPlan): string {
  const [first] = [
    ...drift.filter(({ blocks }) => blocks),
    ...overrides.flatMap(({ findings }) =>
      findings.filter(({ severity, waived }) => severity === "error" && waived === undefined),
    ),
    ...overrides.flatMap(({ actions }) =>
      actions.flatMap(({ missing }) =>
        missing.map(({ subject, statement }) => ({
          subject,
          message: `waits for ${statement === "waiver" ? "a waiver" : "an acknowledgement"}`,
        })),
      ),
    ),
  ];
  return first === undefined ? "a guard blocks" : `${first.subject} ${first.message}`;
}
