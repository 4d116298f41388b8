import type { Ways } from "../planner/trust.ts";
import { openPlatform } from "../platforms/open.ts";
import type { Platform, PlatformOptions, RotationMemory } from "../platforms/platform.ts";
import { createLanes } from "../process/lanes.ts";
import { createRunner, EXECUTABLES_AT_ONCE } from "../process/runner.ts";
import type { Limit } from "../process/task-limit.ts";
import { profileOf } from "../profiles.ts";
import type { ClusterResource, DesiredState } from "../resources/model/desired.ts";
import { readIdentities } from "../sealing/identities.ts";
import { writableRoots } from "../written-path.ts";
import { type CommonOptions, directoryOf } from "./commands/common-flags.ts";
import type { Meter } from "./meter.ts";
import { withSurroundings } from "./surroundings.ts";
import type { Terminal } from "./terminal.ts";

import { openWorkspace, type Workspace } from "./workspace.ts";

/** Opens every cluster of the workspace; all of them share one limit of parallel calls. */
export function openClusters(
  workspace: Workspace,
  terminal: Terminal,
  options: CommonOptions,
  signal: AbortSignal,
): ReadonlyMap<string, Platform> {
  return openEach(workspace, sharedOptions(workspace, terminal, options, signal));
}

function openEach(
  { clusters, desired }: Workspace,
  shared: SharedOptions,
  concernOf = concern,
): ReadonlyMap<string, Platform> {
  // All of them before the first call, as each has its share of the places.
  const own = clusters.map((cluster) => ({ cluster, options: shared.of(cluster.name) }));
  return new Map(
    own.map(({ cluster, options }) => [
      cluster.name,
      openPlatform(cluster, { ...options, overrides: concernOf(desired, cluster) }),
    ]),
  );
}

/** Nothing is asked about overrides where none could matter. */
function concern(
  { overrides, rotations }: DesiredState,
  { name, platform }: ClusterResource,
): NonNullable<PlatformOptions["overrides"]> {
  if (overrides.some(({ cluster }) => cluster === name)) return "managed";
  const { overridableTypes } = profileOf(platform).resources;
  const rotates = rotations.some(
    ({ cluster, authorities }) =>
      cluster === name && authorities.some(({ type }) => overridableTypes.includes(type)),
  );
  return rotates ? "possible" : "none";
}

/** Everything may be read. */
export function nothingUntrusted(): Pick<Ways, "untrusted" | "unasked"> {
  return { untrusted: new Map(), unasked: new Map() };
}

/** What is not to be read, and where executables start. */
export interface OpenWays extends Pick<Ways, "untrusted" | "unasked"> {
  readonly cwd?: string;
  /** Overrides are looked at whether or not git has any. */
  readonly allOverrides?: true;
  /** Is told how far the look is. */
  readonly meter?: Meter;
}

/** The same, with what is outside of the clusters in what they observe: for whatever judges. */
export function openPlatforms(
  workspace: Workspace,
  terminal: Terminal,
  options: CommonOptions,
  signal: AbortSignal,
  ways: OpenWays = nothingUntrusted(),
): ReadonlyMap<string, Platform> {
  const shared = sharedOptions(workspace, terminal, options, signal, ways);
  const around = {
    ...ways,
    folder: workspace.folder,
    desired: workspace.desired,
    resources: new Set(workspace.files.keys()),
    tree: workspace.tree,
    runnerOf: (cluster: string) => shared.of(cluster).runner,
    open: (cluster: ClusterResource) => openPlatform(cluster, shared.of(cluster.name)),
    signal,
  };
  return new Map(
    [...openEach(workspace, shared, ways.allOverrides === true ? () => "possible" : concern)].map(
      ([name, platform]) => [name, withSurroundings(platform, name, around)],
    ),
  );
}

/** What a platform that keeps neither phases nor keys of a rotation is given: what git and the record know of it. */
function memoryFor(
  { desired, store, folder }: Pick<Workspace, "desired" | "store" | "folder">,
  { env, now }: Terminal,
): RotationMemory {
  return {
    rotations: desired.rotations,
    record: store,
    identities: () => readIdentities(env),
    now: () => new Date(now()),
    roots: writableRoots(folder, env),
  };
}

/** What all clusters of a run are opened with; each calls executables in a lane of its own. */
interface SharedOptions {
  readonly of: (cluster: string) => PlatformOptions;
}

function sharedOptions(
  workspace: Workspace,
  terminal: Terminal,
  options: CommonOptions,
  signal: AbortSignal,
  { cwd, meter }: Pick<OpenWays, "cwd" | "meter"> = {},
): SharedOptions {
  const lanes = createLanes(EXECUTABLES_AT_ONCE);
  return {
    of: (cluster) =>
      platformOptions(workspace, terminal, options, signal, { cwd, limit: lanes(cluster), meter }),
  };
}

/** With --verbose, what is run and what is worth knowing goes to stderr; without --quiet, which call does not end. */
export function platformOptions(
  workspace: Pick<Workspace, "desired" | "store" | "folder">,
  terminal: Terminal,
  options: CommonOptions,
  signal: AbortSignal,
  {
    cwd,
    limit,
    meter,
  }: {
    readonly cwd?: string | undefined;
    readonly limit?: Limit;
    readonly meter?: Meter | undefined;
  } = {},
): PlatformOptions {
  const write = meter?.say ?? ((line: string) => terminal.stderr.write(`${line}\n`));
  const say = (line: string) => {
    if (options.verbose === true) write(line);
  };
  const runner = createRunner({
    ...(options.verbose === true ? { trace: write } : {}),
    ...(options.quiet === true ? {} : { tell: write }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(limit === undefined ? {} : { limit }),
  });
  return {
    runner,
    ...(meter === undefined ? {} : { counted: meter.rows }),
    now: () => new Date(terminal.now()),
    signal,
    notice: say,
    memory: memoryFor(workspace, terminal),
  };
}

/** What a command works with that looks at the clusters of a commit and writes nothing there. */
export interface OpenedCommit {
  readonly workspace: Workspace;
  readonly platforms: ReadonlyMap<string, Platform>;
}

/** Opens the clusters of the commit in a directory, by one of the two functions above. */
export async function openCommit(
  terminal: Terminal,
  directory: string | undefined,
  options: CommonOptions,
  open: typeof openClusters = openPlatforms,
): Promise<OpenedCommit> {
  const workspace = await openWorkspace(directoryOf(directory, options), options, terminal, "commit");
  return { workspace, platforms: open(workspace, terminal, options, new AbortController().signal) };
}
