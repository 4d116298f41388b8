import { parse, resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { UnreadCluster } from "../planner/planner.ts";
import { type Approved, requireApproved } from "../planner/saved/approved.ts";
import type { PlacedFinding } from "../planner/saved/desired-difference.ts";
import { bindingOf } from "../planner/saved/fingerprint.ts";
import type { BoundPlan } from "../planner/saved/plan-file.ts";
import { waysThroughBase } from "../planner/trust.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import type { Plan } from "../rotation/plan.ts";
import { jsonText } from "../views/json/json-text.ts";
import { planMarkdown } from "../views/markdown/plan-markdown.ts";
import { harmless, paragraph } from "../views/text/layout.ts";
import { planText } from "../views/text/plan-text.ts";
import { canDraw } from "../views/tui/can-draw.ts";
import { type Base, basePlan, compareWithBase, type TrustedSide, trustedBase } from "./base.ts";
import { changedContentOf } from "./changed-content.ts";
import { type ExitCode, exitOfPlan } from "./exit-code.ts";
import { observationsOf, readObservations, writeObservations } from "./observations-file.ts";
import { observeEach, planFrom } from "./observe.ts";
import { type CommonOptions, directoryOf } from "./options.ts";
import { writePlanFile } from "./plan-file.ts";
import { sayWhoseRecord } from "./record.ts";
import { type ScreenFlags, showPlan } from "./screen.ts";
import { paintFor, type Terminal } from "./terminal.ts";
import { notInPlan, planOfFolder, type Uncommitted, uncommitted } from "./uncommitted.ts";
import { openPlatforms, openWorkspace, type Workspace } from "./workspace.ts";

/** What a plan is made of. */
export interface MakeOptions extends CommonOptions {
  readonly observations?: string;
  /** A commit to compare git with. */
  readonly base?: string;
  /** The fingerprints that were approved: of the plan, or `CLUSTER=` of one of its clusters. */
  readonly expect?: readonly string[];
  /** Where the plan file is written. */
  readonly out?: string;
  /** With `base`: read clusters through what the head says, too, as a person may who knows what that is. */
  readonly trustHead?: boolean;
  /** Plan the folder in place of the commit. */
  readonly uncommitted?: boolean;
}

export interface PlanOptions extends MakeOptions, ScreenFlags {
  readonly interactive?: boolean;
}

/** A plan, with what it was made of. */
export interface MadePlan extends BoundPlan {
  readonly workspace: Workspace;
  readonly observations: readonly ClusterObservation[];
  readonly fingerprint: string;
  /** `null` when it was compared with nothing. */
  readonly base: Base | null;
  /** What is planned, where it is not all of the folder, or more than the commit. */
  readonly about: string | null;
}

/** `capstan plan`: compares git with the live clusters, changes nothing. */
export async function plan(
  terminal: Terminal,
  directory: string | undefined,
  options: PlanOptions,
): Promise<ExitCode> {
  const made = await makePlan(terminal, directoryOf(directory, options), options);
  if (made.about !== null && options.format === "json") terminal.stderr.write(`${harmless(made.about)}\n`);
  if (options.interactive === true && options.format === "text" && canDraw(terminal.env, terminal)) {
    await showPlan(terminal, made.workspace, options, made.plan, made.observations);
  } else {
    terminal.stdout.write(await planAs(made, terminal, options));
    // Where nothing is to be done, nothing is remembered either.
    if (made.plan.outcome !== "no_changes") await sayWhoseRecord(made.workspace, terminal, options);
  }
  return exitOfPlan(made.plan);
}

/** Observes, plans, compares, and writes the plan file where one is asked for; prints nothing on stdout. */
export async function makePlan(
  terminal: Terminal,
  directory: string,
  options: MakeOptions,
): Promise<MadePlan> {
  const ofFolder = options.uncommitted === true;
  if (ofFolder) refuseForFolder(options);
  const trusted = await trustedSide(terminal, directory, options);
  const reading = ofFolder ? "folder" : "commit";
  const workspace = await openWorkspace(directory, options.cluster, terminal, reading, {
    trusted: trusted?.repository ?? null,
    proposal: options.base !== undefined,
  });
  const [{ observations, unread }, found, base] = await Promise.all([
    observationsFor(terminal, workspace, trusted, options),
    uncommitted(workspace),
    options.base === undefined ? null : compareWithBase(workspace.folder, options.base, workspace, terminal),
  ]);
  const live = await planFrom(workspace, observations, terminal.now(), unread);
  const certificates = await certificatesUnread(workspace, unread, terminal.now());
  const planned =
    base === null ? live : against(live, { ...base, findings: [...base.findings, ...certificates] });
  const plan = ofFolder ? withUncommitted(planned, workspace, found) : planned;
  const bound = { plan, binding: bindingOf(workspace.desired, observations, plan.clusters) };
  requireApproved(expectations(options.expect), bound);
  if (options.out !== undefined) await writePlanFile(terminal, options.out, bound);
  const { fingerprint } = plan;
  if (options.out !== undefined && options.quiet !== true) {
    terminal.stderr.write(`wrote ${options.out}, fingerprint ${fingerprint}\n`);
  }
  return { ...bound, workspace, observations, fingerprint, base, about: aboutOf(workspace, found, ofFolder) };
}

/** Of a plan with `--base`, unless a person says that the head may be trusted. */
async function trustedSide(
  terminal: Terminal,
  directory: string,
  { base, trustHead }: MakeOptions,
): Promise<TrustedSide | null> {
  if (base === undefined) {
    if (trustHead !== true) return null;
    throw new Failure("usage", "--trust-head is about a plan with --base, and there is none");
  }
  if (trustHead === true) return null;
  return await trustedBase(resolve(terminal.cwd, directory), base, terminal);
}

/** Only a commit can be approved, or compared. */
function refuseForFolder({ out, base }: MakeOptions): void {
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

/** `--expect`: `sha256:…` is the whole plan, `CLUSTER=sha256:…` a part of it. */
export function expectations(given: readonly string[] | undefined): readonly Approved[] {
  const parts = (given ?? []).map((text) => {
    const [, cluster, fingerprint] = /^(?:(.+)=)?(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
    if (fingerprint !== undefined) return { cluster: cluster ?? null, fingerprint };
    throw new Failure("usage", `${text} is no fingerprint`, {
      hint: "--expect takes sha256: and 64 hex digits, of the plan, or CLUSTER=sha256:… of one of its clusters",
    });
  });
  const whole = parts.filter(({ cluster }) => cluster === null);
  const named = parts.flatMap(({ cluster, fingerprint }) =>
    cluster === null ? [] : [[cluster, fingerprint] as const],
  );
  const twice = named.find(([cluster], index) => named.findIndex(([other]) => other === cluster) !== index);
  if (twice !== undefined) throw new Failure("usage", `--expect names ${twice[0]} twice`);
  return [
    ...whole.map(({ fingerprint }) => ({ by: "plan", fingerprint }) as const),
    ...(named.length === 0 ? [] : [{ by: "clusters", fingerprints: new Map(named) } as const]),
  ];
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
      const diagnostics =
        written === undefined
          ? []
          : await (await import("../teleport/overrides/diagnostics.ts")).overrideDiagnostics(written, now);
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
function against(plan: Plan, base: Base): Plan {
  const refused = base.findings.some(({ severity }) => severity === "error");
  const blocks = refused && plan.outcome !== "incomplete";
  const verdict = blocks ? ({ outcome: "blocked", verdict: "blocked" } as const) : {};
  return { ...plan, ...verdict, base: basePlan(base) };
}

async function planAs(
  { plan, fingerprint, base, about }: MadePlan,
  terminal: Terminal,
  options: PlanOptions,
): Promise<string> {
  switch (options.format) {
    case "json":
      return `${jsonText(plan)}\n`;
    case "markdown":
      return planMarkdown(plan, {
        fingerprint,
        ...(about === null ? {} : { about }),
        ...(base === null ? {} : { diff: base.diff }),
        ...(options.out === undefined ? {} : { planFile: options.out }),
      });
    case "text":
      return `${about === null ? "" : `${paragraph(harmless(about), "")}\n\n`}${planText(plan, await paintFor(terminal.stdout, terminal.env, options.color))}`;
  }
}

interface Observed {
  readonly observations: readonly ClusterObservation[];
  readonly unread: readonly UnreadCluster[];
}

/** From the clusters, or from a file of an earlier look; a file that is not there yet is written. */
async function observationsFor(
  terminal: Terminal,
  workspace: Workspace,
  trusted: TrustedSide | null,
  options: MakeOptions,
): Promise<Observed> {
  const file = options.observations === undefined ? null : resolve(terminal.cwd, options.observations);
  const saved = file === null ? null : await readObservations(file);
  if (saved !== null) {
    for (const { cluster, observedAt } of saved) {
      terminal.stderr.write(`${cluster} as it was observed at ${observedAt}\n`);
    }
    return {
      observations: observationsOf(workspace.clusters, saved, options.observations ?? ""),
      unread: [],
    };
  }
  const observed = await observeThrough(terminal, workspace, trusted, options);
  if (file !== null) await writeObservations(file, observed.observations);
  return observed;
}

/** Through the connections of the base, where there is one: what the head says of them was not reviewed yet. */
async function observeThrough(
  terminal: Terminal,
  workspace: Workspace,
  trusted: TrustedSide | null,
  options: MakeOptions,
): Promise<Observed> {
  const { signal } = new AbortController();
  if (trusted === null)
    return await observeEach(openPlatforms(workspace, terminal, options, signal), workspace);
  const { desired, folder } = workspace;
  const changed = await changedContentOf(
    trusted.git,
    trusted.changes,
    [terminal.cwd, folder],
    [trusted, { desired }],
  );
  const { untrusted, unasked, ...through } = waysThroughBase(desired, trusted, changed);
  const names = new Set(workspace.clusters.map(({ name }) => name));
  const clusters = trusted.changes.others
    ? through.desired.clusters.map((cluster) => startedElsewhere(cluster, terminal.cwd))
    : through.desired.clusters;
  const selected = clusters.filter(({ name }) => names.has(name));
  const readable = {
    ...workspace,
    desired: { ...through.desired, clusters },
    clusters: selected.filter(({ name }) => !untrusted.has(name)),
  };
  // A tool that looks for files where it is started finds none of the pull request.
  const cwd = trusted.changes.others ? { cwd: parse(folder).root } : {};
  const platforms = openPlatforms(readable, terminal, options, signal, { untrusted, unasked, ...cwd });
  const observed = await observeEach(platforms, readable);
  const unread = selected.flatMap(({ name, platform }) => {
    const problem = untrusted.get(name);
    return problem === undefined ? [] : [{ name, platform, problem }];
  });
  return { ...observed, unread: [...observed.unread, ...unread] };
}

/** What is named from where capstan was started is still found there. */
function startedElsewhere(cluster: ClusterResource, cwd: string): ClusterResource {
  const command = ([executable = "", ...words]: readonly string[]) => [
    executable.includes("/") ? resolve(cwd, executable) : executable,
    ...words,
  ];
  const { teleport, talos } = cluster;
  return {
    ...cluster,
    teleport:
      teleport === null
        ? null
        : {
            ...teleport,
            tctl: command(teleport.tctl),
            identityFile: teleport.identityFile === null ? null : resolve(cwd, teleport.identityFile),
          },
    talos:
      talos === null
        ? null
        : { ...talos, talosctl: command(talos.talosctl), kubectl: command(talos.kubectl) },
  };
}
