import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import type { PlatformWords } from "../profile/wording.ts";
import { profileOf } from "../profiles.ts";
import { setActiveKeys } from "../resources/edit/edit-authority.ts";
import { addRotation } from "../resources/edit/edit-rotation.ts";
import { schemaOf } from "../resources/edit/schema-line.ts";
import type { ClusterResource, RotationResource } from "../resources/model/desired.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import { type Fingerprint, identify, type LiveAuthority } from "../rotation/observation.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { ROTATE_START } from "./commands/rotate-rows.ts";
import type { Edit } from "./edited-file.ts";
import { openClusters } from "./open-clusters.ts";
import type { Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

/** What was typed: `start` has all of the flags. */
export type RotateOptions = CommonOptions &
  ValuesOf<Pick<typeof ROTATE_START.flags, "name" | "strategy" | "reason" | "compromise">>;

/** Which CAs of which cluster are meant, and what is at hand. */
export interface Request {
  readonly terminal: Terminal;
  readonly workspace: Workspace;
  readonly options: RotateOptions;
  readonly types: readonly string[];
  readonly cluster: string;
  /** What a new rotation is called, of a campaign the same everywhere; `undefined`: what is free. */
  readonly newName: string | undefined;
}

/**
 * The resource of the cluster that is meant. An `Error` where the workspace lacks it, which would be a bug.
 */
export function clusterOf({ workspace, cluster }: Request): ClusterResource {
  const found = workspace.clusters.find(({ name }) => name === cluster);
  if (found === undefined) throw new Error(`${cluster} is not in the workspace`);
  return found;
}

/** The rotations in git that rotate all of these types, oldest file first. */
export function rotationsOf({ workspace, types, cluster }: Request): readonly RotationResource[] {
  return workspace.desired.rotations.filter(
    (rotation) =>
      rotation.cluster === cluster &&
      types.every((type) => rotation.authorities.some((one) => one.type === type)),
  );
}

/** The CAs of the cluster as they are now. */
export class LiveKeys {
  readonly #request: Request;
  readonly #authorities: readonly LiveAuthority[];

  private constructor(request: Request, authorities: readonly LiveAuthority[]) {
    this.#request = request;
    this.#authorities = authorities;
  }

  static async read(request: Request): Promise<LiveKeys> {
    const { workspace, terminal, options, cluster } = request;
    const platforms = openClusters(workspace, terminal, options, new AbortController().signal);
    const observation = await platforms.get(cluster)?.observe({ components: "all" });
    return new LiveKeys(request, observation?.authorities ?? []);
  }

  /** What the platform says to people. */
  get words(): PlatformWords {
    return profileOf(clusterOf(this.#request).platform).words;
  }

  of(type: string): LiveAuthority {
    const live = this.#authorities.find((authority) => authority.type === type);
    if (live !== undefined) return live;
    const types = this.#authorities.map((authority) => authority.type);
    throw new Failure("usage", `${this.#request.cluster} has no ${type} CA`, {
      hint: suggestOneOf(type, types, "there are"),
    });
  }

  /** Every key that it retires is gone from its CAs, and none of them is under way. */
  isOver({ authorities }: Pick<RotationResource, "authorities">): boolean {
    return authorities.every(({ type, retire }) => {
      const live = this.of(type);
      const present = presentKeys(live);
      return live.rotation.state === "standby" && !retire.some((key) => present.includes(key));
    });
  }
}

/** Every key that a CA has, signing or trusted. */
export function presentKeys({ active, trusted }: LiveAuthority): readonly Fingerprint[] {
  return identify([...active, ...trusted]);
}

/** The same, `null` with a sentence where the cluster cannot be asked: then git is all there is. */
export async function liveIfItCanBeRead(
  request: Request,
): Promise<
  { readonly live: LiveKeys; readonly problem: null } | { readonly live: null; readonly problem: string }
> {
  try {
    return { live: await LiveKeys.read(request), problem: null };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { live: null, problem: error.message };
  }
}

/** What git says signs for a CA; `null` where git does not say. */
export function declaredKeys({ workspace, cluster }: Request, type: string) {
  return (
    workspace.desired.authorities.find(
      (authority) => authority.cluster === cluster && authority.type === type,
    ) ?? null
  );
}

/** An edit of `active_keys`, and what to say of it; `null` where git says so already, or says nothing. */
export function activeKeysEdit(
  request: Request,
  type: string,
  keys: readonly Fingerprint[],
): { readonly edit: Edit; readonly said: string } | null {
  const declared = declaredKeys(request, type);
  if (declared === null) return null;
  const { activeKeys, source } = declared;
  if (activeKeys.length === keys.length && activeKeys.every((key) => keys.includes(key))) return null;
  return {
    edit: {
      file: source.file,
      change: (text) => setActiveKeys(text, { cluster: request.cluster, type }, keys),
    },
    said: `${source.file}: active_keys of ${type} is now ${keys.join(", ")}`,
  };
}

/** Where a new rotation is written: under the wanted name, else one that nothing in git and in the record has. */
export async function newRotationFile(
  request: Request,
  wanted: string | undefined = request.newName,
): Promise<{ readonly name: string; readonly file: string }> {
  const { workspace, cluster, types, terminal } = request;
  if (wanted !== undefined) {
    const file = fileOf(request, wanted);
    if (!existsSync(join(workspace.folder, file))) return { name: wanted, file };
    throw new Failure("usage", `${file} exists already`, { hint: "choose another --name" });
  }
  const { rotations } = await workspace.store.load(cluster);
  const taken = new Set([...workspace.desired.rotations, ...rotations].map(({ name }) => name));
  const name = freeName(types, terminal.now(), (one) => taken.has(one) || isTaken(request, one));
  return { name, file: fileOf(request, name) };
}

/** Whether a rotation of this cluster in git has the name, or some file is where it would be written. */
export function isTaken(request: Request, name: string): boolean {
  const { workspace, cluster } = request;
  return (
    workspace.desired.rotations.some((one) => one.cluster === cluster && one.name === name) ||
    existsSync(join(workspace.folder, fileOf(request, name)))
  );
}

function fileOf({ workspace, cluster }: Request, name: string): string {
  const home = dirname(workspace.clusters[0]?.source.file ?? "");
  const beside = workspace.desired.clusters.filter(({ source }) => dirname(source.file) === home);
  // Where several clusters share a folder, each has a file of its own in it.
  const suffix = beside.length > 1 ? `.${cluster}` : "";
  return join(home, "rotations", `${name}${suffix}.yaml`);
}

/** A name that no rotation has yet, in git and in the records of all these clusters: of a campaign there is one. */
export async function campaignName(
  { desired, store, clusters }: Workspace,
  types: readonly string[],
  now: number,
): Promise<string> {
  const records = await Promise.all(clusters.map(({ name }) => store.load(name)));
  const taken = new Set(
    [...desired.rotations, ...records.flatMap(({ rotations }) => rotations)].map(({ name }) => name),
  );
  return freeName(types, now, (name) => taken.has(name));
}

function freeName(types: readonly string[], now: number, isTaken: (name: string) => boolean): string {
  const month = new Date(now).toISOString().slice(0, 7);
  const base = `${types.join("-").replaceAll("_", "-")}-${month}`;
  for (let number = 2, name = base; ; number += 1) {
    if (!isTaken(name)) return name;
    name = `${base}-${number}`;
  }
}

/** The edit that writes a rotation to a file of its own; editors find its schema where its cluster's file says. */
export function newRotation(
  { workspace }: Request,
  file: string,
  rotation: Parameters<typeof addRotation>[1],
): Edit {
  const cluster = workspace.desired.clusters.find(({ name }) => name === rotation.cluster);
  const path = cluster === undefined ? null : join(workspace.folder, cluster.source.file);
  const schema = path !== null && existsSync(path) ? schemaOf(readFileSync(path, "utf8")) : null;
  return { file, fresh: addRotation(null, schema === null ? rotation : { ...rotation, schema }) };
}

/** Who named one CA of a pair moves both. */
export function pairTogether({ authorities }: RotationResource): string {
  return authorities.length === 1 ? "" : `, ${authorities.map(({ type }) => type).join(" and ")} together`;
}
