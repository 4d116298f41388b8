import { join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { openPlatform } from "../platforms/open.ts";
import type { Platform } from "../platforms/platform.ts";
import { folderStore } from "../record/folder.ts";
import type { RecordStore } from "../record/store.ts";
import { describeDiagnostics } from "../render/diagnostics.ts";
import type { ClusterResource, DesiredState } from "../resources/desired.ts";
import { loadResources } from "../resources/load.ts";
import { nearest } from "../resources/nearest.ts";
import { openRepository } from "./repository.ts";
import type { Terminal } from "./terminal.ts";

/** A folder of resources, checked, with everything that plan and apply need around it. */
export interface Workspace {
  readonly folder: string;
  readonly commit: string | null;
  readonly desired: DesiredState;
  /** The clusters that the command is about. */
  readonly clusters: readonly ClusterResource[];
  readonly store: RecordStore;
}

/** Loads and checks; bad resources are one `Failure` with all diagnostics in it. */
export async function openWorkspace(
  directory: string,
  wanted: string | undefined,
  terminal: Terminal,
): Promise<Workspace> {
  const folder = resolve(terminal.cwd, directory);
  const [loaded, repository] = await Promise.all([
    loadResources(folder, terminal.env),
    openRepository(folder),
  ]);
  const errors = loaded.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    throw new Failure(
      "resources",
      `the resources in ${directory} have errors\n\n${describeDiagnostics(errors)}`,
      {
        hint: "nothing was asked of the cluster; correct the files and run it again",
      },
    );
  }
  return {
    folder,
    commit: repository?.commit ?? null,
    desired: loaded.state,
    clusters: select(loaded.state.clusters, wanted, directory),
    store: folderStore(join(folder, ".capstan"), terminal.now),
  };
}

function select(
  clusters: readonly ClusterResource[],
  wanted: string | undefined,
  directory: string,
): readonly ClusterResource[] {
  if (clusters.length === 0) {
    throw new Failure("resources", `there is no cluster resource in ${directory}`, {
      hint: "`capstan init` writes one for a live cluster; `capstan sandbox up` starts one to try",
    });
  }
  if (wanted === undefined) return clusters;
  const found = clusters.filter(({ name }) => name === wanted);
  if (found.length > 0) return found;
  const names = clusters.map(({ name }) => name);
  const guess = nearest(wanted, names);
  throw new Failure("usage", `there is no cluster "${wanted}" in ${directory}`, {
    hint: guess === null ? `there are ${names.join(", ")}` : `did you mean "${guess}"?`,
  });
}

/** Opens every cluster of the workspace. `trace` hears of each executable that is run. */
export function openPlatforms(
  { clusters }: Workspace,
  trace: (line: string) => void,
  signal: AbortSignal,
): ReadonlyMap<string, Platform> {
  return new Map(clusters.map((cluster) => [cluster.name, openPlatform(cluster, { trace, signal })]));
}
