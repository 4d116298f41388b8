import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure } from "../../failure.ts";
import type { Platform } from "../../platforms/platform.ts";
import type { ClusterResource, OverrideResource } from "../../resources/model/desired.ts";
import type { ClusterObservation, LiveAuthority } from "../../rotation/observation.ts";
import { type CaOverride, OVERRIDABLE_TYPES } from "../../teleport/overrides/ca-override.ts";
import { normaliseKeyHash } from "../../teleport/overrides/key-hash.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { editFiles } from "../edited-file.ts";
import type { Terminal } from "../terminal.ts";
import { onlyCluster, openClusters, openWorkspace, type Workspace } from "../workspace.ts";

/** One cluster of the repository: all that an edit of YAML needs. */
export interface Place {
  readonly terminal: Terminal;
  readonly workspace: Workspace;
  readonly cluster: ClusterResource;
}

/** The same, looked at. */
export interface Scene extends Place {
  readonly platform: Platform;
  readonly observation: ClusterObservation;
}

export async function openPlace(terminal: Terminal, options: CommonOptions): Promise<Place> {
  const workspace = await openWorkspace(options.directory, options.cluster, terminal, "folder");
  return { terminal, workspace, cluster: onlyCluster(workspace) };
}

export async function openScene(terminal: Terminal, options: CommonOptions): Promise<Scene> {
  const place = await openPlace(terminal, options);
  const { workspace, cluster } = place;
  const platforms = openClusters(workspace, terminal, options, new AbortController().signal);
  const platform = platforms.get(cluster.name);
  if (platform === undefined) throw new Error(`no platform was opened for ${cluster.name}`);
  const observation = await platform.observe({ components: "all" });
  return { ...place, platform, observation };
}

/** The CA of a scene, if it is one that can be overridden. */
export function authorityOf({ observation, cluster }: Scene, type: string): LiveAuthority {
  refuseOthers(type);
  const authority = observation.authorities.find((one) => one.type === type);
  if (authority !== undefined) return authority;
  throw new Failure("usage", `${cluster.name} has no ${type} CA`);
}

/** What git has for a CA; a `Failure` when it has nothing. */
export function desiredOf(place: Place, type: string): OverrideResource {
  refuseOthers(type);
  const resource = resourceFor(place, type);
  if (resource !== null) return resource;
  throw new Failure("usage", `git has no override of ${type}`, {
    hint: `\`capstan override csr ${type}\` begins one`,
  });
}

function refuseOthers(type: string): void {
  if ((OVERRIDABLE_TYPES as readonly string[]).includes(type)) return;
  throw new Failure("usage", `Teleport cannot override the ${type} CA`, {
    hint: `it can override: ${OVERRIDABLE_TYPES.join(", ")}`,
  });
}

export function resourceFor({ workspace, cluster }: Place, type: string): OverrideResource | null {
  return workspace.desired.overrides.find((one) => one.cluster === cluster.name && one.type === type) ?? null;
}

/** The entries of a resource in git, all of which have to be understood. */
export async function readDesired(resource: OverrideResource): Promise<CaOverride> {
  const { readOverride } = await import("../../teleport/overrides/read-resource.ts");
  const read = await readOverride(resource.document);
  if (read.complete) return read;
  throw new Failure("resources", `${resource.source.file} has entries that cannot be understood`, {
    hint: "`capstan validate` says what is wrong with them",
  });
}

/** The keys that were named on the command line, each with an entry in git. */
export function namedEntries({ type, entries }: CaOverride, hashes: readonly string[]): readonly string[] {
  const named = hashes.map((hash) => normaliseKeyHash(hash.replace(/^sha256:/, "")) ?? hash);
  const unknown = named.find((hash) => !entries.has(hash));
  if (unknown === undefined) return named;
  throw new Failure("usage", `git has no override of ${type} for the key ${unknown}`, {
    hint: `it has: ${[...entries.keys()].join(", ") || "none"}`,
  });
}

/** Its place in the list; entries are read in the order in which they stand. */
export async function indexIn(resource: OverrideResource | null, keyHash: string): Promise<number> {
  if (resource === null) return -1;
  return [...(await readDesired(resource)).entries.keys()].indexOf(keyHash);
}

/** Changes the text of a file of the repository. */
export async function edit(
  { workspace }: Place,
  file: string,
  change: (text: string) => string | Promise<string>,
): Promise<void> {
  await editFiles(workspace, [{ file, change }]);
}

/** The texts of files that were named on the command line. */
export async function readAll(terminal: Terminal, files: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(
    files.map(async (file) => {
      try {
        return await readFile(resolve(terminal.cwd, file), "utf8");
      } catch (cause) {
        throw new Failure("usage", `cannot read ${file}: ${cause instanceof Error ? cause.message : cause}`);
      }
    }),
  );
}
