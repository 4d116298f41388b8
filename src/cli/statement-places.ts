import { Failure } from "../failure.ts";
import { loadEach } from "../record/load-each.ts";
import type { Wanted } from "../resources/edit/edit-text.ts";
import type { AuthorityResource, RotationResource, Source } from "../resources/model/desired.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { Workspace } from "./workspace.ts";

/** A resource of git in which people accept or state something. */
export interface StatementPlace {
  /** `acme.cluster/host-2026-11` of a rotation; of a CA `acme.cluster/windows`. */
  readonly name: string;
  readonly cluster: string;
  readonly source: Source;
  /** Which resource of its file. */
  readonly wanted: Wanted;
  /** `null`: a `certificate_authority`, where what holds outside any rotation is said. */
  readonly rotation: RotationResource | null;
  readonly types: readonly string[];
}

/** The rotations of the clusters that are meant, or the one that was named. A `Failure` where there is none. */
export function rotationPlaces(workspace: Workspace, named: string | undefined): readonly StatementPlace[] {
  const clusters = new Set(workspace.clusters.map(({ name }) => name));
  const places = workspace.desired.rotations
    .filter(({ cluster }) => clusters.has(cluster))
    .map((rotation) => placeOf(rotation));
  if (named === undefined) return places;
  const found = places.filter(({ name, rotation }) => name === named || rotation?.name === named);
  if (found.length > 0) return found;
  const names = places.flatMap(({ rotation }) => (rotation === null ? [] : [rotation.name]));
  throw new Failure("usage", `git has no rotation "${named}"`, {
    hint: names.length === 0 ? "`capstan rotate start` writes one" : suggestOneOf(named, names, "there are"),
  });
}

function placeOf(rotation: RotationResource): StatementPlace {
  const { name, cluster, source, authorities } = rotation;
  return {
    name: `${cluster}/${name}`,
    cluster,
    source,
    wanted: { kind: "ca_rotation", name, cluster },
    rotation,
    types: authorities.map(({ type }) => type),
  };
}

/** The CAs of a type in the clusters that are meant. */
export function authorityPlaces(workspace: Workspace, type: string): readonly StatementPlace[] {
  const clusters = new Set(workspace.clusters.map(({ name }) => name));
  return workspace.desired.authorities
    .filter((one) => one.type === type && clusters.has(one.cluster))
    .map(({ cluster, source }: AuthorityResource) => ({
      name: `${cluster}/${type}`,
      cluster,
      source,
      wanted: { kind: "certificate_authority", name: cluster, subKind: type },
      rotation: null,
      types: [type],
    }));
}

/** The rotations that are not over, as far as git and the record tell. */
export async function underWay(
  places: readonly StatementPlace[],
  { store }: Pick<Workspace, "store">,
): Promise<readonly StatementPlace[]> {
  const clusters = new Set(places.map(({ cluster }) => cluster));
  const { records } = await loadEach(store, [...clusters]);
  return places.filter(
    (place) =>
      !isOver(
        place,
        records.find(({ cluster }) => cluster === place.cluster),
      ),
  );
}

function isOver({ rotation }: StatementPlace, record: ClusterRecord | undefined): boolean {
  if (rotation === null) return false;
  const last = record?.rotations.findLast(({ name }) => name === rotation.name);
  if (last !== undefined) return last.ended_at !== null && last.contents.includes(rotation.contentHash);
  return rotation.phase === "standby" && rotation.strategy === "step" && rotation.mode === "manual";
}

/** The only one; a `Failure` with a line to paste for each, where several are meant. */
export function onlyPlace(
  places: readonly StatementPlace[],
  subject: string,
  command: string,
): StatementPlace {
  const [only, ...others] = places;
  if (only !== undefined && others.length === 0) return only;
  const lines = places.map(({ name }) => `${command} --rotation ${name}`);
  throw new Failure("usage", `several rotations have ${subject}`, {
    hint: `say which:\n    ${lines.join("\n    ")}`,
  });
}
