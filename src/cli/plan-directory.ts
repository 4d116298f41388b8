import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { openRepository, type Repository } from "../git/repository.ts";
import type { UnreadCluster } from "../planner/planner.ts";
import { requireApproved } from "../planner/saved/approved.ts";
import type { PlacedFinding } from "../planner/saved/desired-difference.ts";
import { bindingOf } from "../planner/saved/fingerprint.ts";
import type { BoundPlan } from "../planner/saved/plan-file.ts";
import type { Plan } from "../rotation/plan.ts";
import { type Base, type BaseRef, basePlan, baseRef, compareWithBase, trustedBase } from "./base.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { PLAN } from "./commands/plan-rows.ts";
import { diagnoseOverride } from "./diagnose-override.ts";
import { expectations } from "./expectations.ts";
import { observationsFor } from "./look-for-plan.ts";
import { STREAM, writePlanFile } from "./named-plan-file.ts";
import { planOfWorkspace, type Remembered, withRecords } from "./observe.ts";
import type { Terminal } from "./terminal.ts";
import { notInPlan, planOfFolder, type Uncommitted, uncommitted } from "./uncommitted.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

/** What a plan is made of. */
export type PlanningOptions = CommonOptions & {
  /** Clusters that are selected, and not looked at this time. */
  readonly leftAlone?: ReadonlySet<string>;
} & Pick<
    ValuesOf<typeof PLAN.flags>,
    "observations" | "base" | "expect" | "out" | "trustHead" | "uncommitted"
  >;

/** A plan, with what it was made of. */
export interface MadePlan extends BoundPlan, Remembered {
  readonly workspace: Workspace;
  readonly fingerprint: string;
  /** `null` when it was compared with nothing. */
  readonly base: Base | null;
  /** What is planned, where it is not all of the folder, or more than the commit. */
  readonly about: string | null;
}

/** Observes, plans, compares, and writes the plan file where one is asked for; prints nothing on stdout. */
export async function planDirectory(
  terminal: Terminal,
  directory: string,
  options: PlanningOptions,
): Promise<MadePlan> {
  const ofFolder = options.uncommitted === true;
  if (ofFolder) refuseForFolder(options);
  const folder = resolve(terminal.cwd, directory);
  const git = await openRepository(folder, terminal.env);
  const against = await refOf(terminal, folder, git, options);
  const trusted = against === null || options.trustHead === true ? null : await trustedBase(against);
  const reading = ofFolder ? "folder" : "commit";
  const opened = await openWorkspace(directory, options, terminal, reading, {
    git,
    trusted: trusted?.repository ?? null,
    proposal: against !== null,
  });
  const clusters = opened.clusters.filter(({ name }) => options.leftAlone?.has(name) !== true);
  const workspace = { ...opened, clusters };
  const [observed, found, base] = await Promise.all([
    observationsFor(terminal, workspace, trusted, options),
    uncommitted(workspace),
    against === null ? null : compareWithBase(against, workspace),
  ]);
  const known = await withRecords(workspace, observed);
  const { observations, unread, records } = known;
  const live = await planOfWorkspace(workspace, known, terminal.now());
  const certificates = await certificatesUnread(workspace, unread, terminal.now());
  const planned =
    base === null ? live : compared(live, { ...base, findings: [...base.findings, ...certificates] });
  const plan = ofFolder ? withUncommitted(planned, workspace, found) : planned;
  const bound = { plan, binding: bindingOf(workspace.desired, observations, plan.clusters) };
  requireApproved(expectations(options.expect), bound);
  if (options.out !== undefined) await writePlanFile(terminal, options.out, bound);
  const { fingerprint } = plan;
  if (options.out !== undefined && options.out !== STREAM && options.quiet !== true) {
    terminal.stderr.write(`wrote ${options.out}, fingerprint ${fingerprint}\n`);
  }
  const about = aboutOf(workspace, found, ofFolder);
  return { ...bound, workspace, observations, unread, records, fingerprint, base, about };
}

/** Of a plan with `--base`; only there a person can say that the head may be trusted. */
async function refOf(
  terminal: Terminal,
  folder: string,
  git: Repository | null,
  { base, trustHead }: PlanningOptions,
): Promise<BaseRef | null> {
  if (base !== undefined) return await baseRef(folder, base, git, terminal);
  if (trustHead !== true) return null;
  throw new Failure("usage", "--trust-head needs --base, and there is none");
}

/** Only a commit can be approved, or compared. */
function refuseForFolder({ out, base }: PlanningOptions): void {
  if (out === undefined && base === undefined) return;
  const flag = out === undefined ? "--base" : "--out";
  throw new Failure("usage", `--uncommitted plans what nobody can apply, and takes no ${flag}`, {
    hint: "commit first, and leave out --uncommitted",
  });
}

/** Outside of git nothing is uncommitted: the folder is all there is. */
function withUncommitted(plan: Plan, { git, files }: Workspace, found: Uncommitted): Plan {
  if (git === null) return plan;
  if (git.commit === null) return { ...plan, uncommitted: [...files.keys()] };
  const paths = "unknown" in found ? [...files.keys()] : found.files;
  return paths.length === 0 ? plan : { ...plan, uncommitted: paths };
}

function aboutOf({ git, commit }: Workspace, found: Uncommitted, ofFolder: boolean): string | null {
  if (git === null) return null;
  if (ofFolder) return planOfFolder(found, commit);
  return commit === null ? null : notInPlan(found, commit);
}

/** What is wrong with the certificates for a cluster is told although nobody looked at the cluster. */
async function certificatesUnread(
  { overrideDocuments, desired }: Workspace,
  unread: readonly UnreadCluster[],
  now: number,
): Promise<readonly PlacedFinding[]> {
  const names = new Set(unread.map(({ name }) => name));
  const overrides = desired.overrides.filter(({ cluster }) => names.has(cluster));
  const found = await Promise.all(
    overrides.map(async ({ cluster, type, document, source }) => {
      const written = overrideDocuments.find(({ value }) => value === document);
      const diagnostics = written === undefined ? [] : await diagnoseOverride(written, now);
      return diagnostics.map(({ severity, message, suggestion }) => ({
        severity,
        subject: `override/${cluster}/${type}`,
        message,
        remedy: suggestion ?? "`capstan validate` shows its place",
        source,
      }));
    }),
  );
  return found.flat();
}

/** A change that no rotation can make blocks the plan, however ready the live cluster is. */
function compared(plan: Plan, base: Base): Plan {
  const refused = base.findings.some(({ severity }) => severity === "error");
  const blocks = refused && plan.outcome !== "incomplete";
  const verdict = blocks ? ({ outcome: "blocked", verdict: "blocked" } as const) : {};
  return { ...plan, ...verdict, base: basePlan(base) };
}
