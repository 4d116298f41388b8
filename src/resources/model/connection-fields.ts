import type { Fields } from "../../foreign-value.ts";
import { PROFILES } from "../../profiles.ts";
import type { ClusterResource } from "./desired.ts";

/**
 * The connection by the fields of `spec`: that of its platform, and `null` for every other. So it is hashed and told
 * what a change is of, since the first plan file.
 */
export function connectionFields({
  platform,
  connection,
}: Pick<ClusterResource, "platform" | "connection">): Fields {
  return Object.fromEntries(
    Object.keys(PROFILES).map((name) => [name, name === platform ? connection : null]),
  );
}
