import type { ClusterObservation } from "../profile/profile.ts";
import type { AuthorityResource, RotatedAuthority } from "../resources/model/desired.ts";
import type { Fingerprint, LiveAuthority } from "../rotation/observation.ts";
import type { ClusterRecord } from "../rotation/record.ts";

/** Who could know a key: the record, and what git says of the authorities. */
interface Witnesses {
  readonly record: ClusterRecord;
  readonly observation: Pick<ClusterObservation, "profile">;
  readonly authorities: readonly AuthorityResource[];
}

/**
 * The keys to be retired of which nothing says that they ever were keys of this CA. Gone from its keys reads as
 * finished, and so would a slip of the hand in `retire` or `type`.
 */
export function unseenKeys(
  { type, retire }: RotatedAuthority,
  live: LiveAuthority,
  { record, authorities, observation }: Witnesses,
): readonly Fingerprint[] {
  const known = new Set<Fingerprint>([
    ...[...live.active, ...live.trusted].map(({ fingerprint }) => fingerprint),
    ...authorities.filter((authority) => authority.type === type).flatMap(({ activeKeys }) => activeKeys),
    ...record.rotations
      .filter(({ authority }) => authority === type)
      .flatMap((rotation) => [...rotation.retire, ...rotation.introduced]),
    ...observation.profile.keysInRecord(record, type),
  ]);
  return retire.filter((key) => !known.has(key));
}
