import type { StoredAuthority } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";

/** A CA as a cluster shows it: its own, or its copy of another cluster's. */
export interface ListedAuthority {
  readonly owner: string;
  readonly copied: boolean;
  readonly authority: StoredAuthority;
}

/** Everything that `get cas` shows, in its order: by type, then by the name of the owner. */
export function listedAuthorities(cluster: TeleportCluster): readonly ListedAuthority[] {
  const { name } = cluster.options;
  const owners = [name, ...cluster.owners].sort();
  return cluster.authorities.types.flatMap((type) =>
    owners.flatMap((owner) => {
      const copied = owner !== name;
      const store = copied ? cluster.copiesOf(owner) : cluster.authorities;
      const authority = store.cached(type);
      return authority === undefined ? [] : [{ owner, copied, authority }];
    }),
  );
}
