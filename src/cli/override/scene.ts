import { Failure } from "../../failure.ts";
import type { Platform } from "../../platforms/platform.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { ClusterResource } from "../../resources/model/desired.ts";
import type { LiveAuthority } from "../../rotation/observation.ts";
import { namingCluster } from "../../rotation/remedy-command.ts";
import { insistOnOverridable } from "../../teleport/overrides/command-words.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { openClusters } from "../open-clusters.ts";
import type { Terminal } from "../terminal.ts";
import { onlyCluster, openWorkspace, type Workspace } from "../workspace.ts";

/** One cluster of the repository: all that an edit of YAML needs. */
export interface PlaceInGit {
  readonly terminal: Terminal;
  readonly workspace: Workspace;
  readonly cluster: ClusterResource;
}

/**
 * A place in git with the live cluster beside it: what the verbs judge that need to know its keys and
 * entries.
 */
export interface OverrideScene extends PlaceInGit {
  readonly platform: Platform;
  readonly observation: ClusterObservation;
}

/** The one cluster that is meant. It is not asked. */
export async function openPlace(terminal: Terminal, options: CommonOptions): Promise<PlaceInGit> {
  const workspace = await openWorkspace(options.directory, options, terminal, "folder");
  return { terminal, workspace, cluster: onlyCluster(workspace) };
}

/** The one cluster that is meant, observed with all its components. Throws a `Failure` as observing does. */
export async function openScene(terminal: Terminal, options: CommonOptions): Promise<OverrideScene> {
  const place = await openPlace(terminal, options);
  const { workspace, cluster } = place;
  const platforms = openClusters(workspace, terminal, options, new AbortController().signal);
  const platform = platforms.get(cluster.name);
  if (platform === undefined) throw new Error(`no platform was opened for ${cluster.name}`);
  const observation = await platform.observe({ components: "all" });
  return { ...place, platform, observation };
}

/** A command that is about the cluster of a place, as it has to be typed there. */
export function typedIn({ workspace, cluster }: PlaceInGit, command: string): string {
  return workspace.desired.clusters.length > 1 ? namingCluster(command, cluster.name) : command;
}

/** The CA of a scene; a `Failure` for one that cannot be overridden, or that the cluster does not have. */
export function overridableAuthority({ observation, cluster }: OverrideScene, type: string): LiveAuthority {
  insistOnOverridable(type);
  const authority = observation.authorities.find((one) => one.type === type);
  if (authority !== undefined) return authority;
  throw new Failure("usage", `${cluster.name} has no ${type} CA`);
}
