import type { ClusterObservation } from "../profile/profile.ts";
import type { OverrideResource } from "../resources/model/desired.ts";

/**
 * Reads the overrides of every observed cluster, by cluster. Reading needs X.509 code, which is loaded only when there
 * is something to read; that is why it happens before planning, which is not asynchronous.
 */
export async function readingsOfOverrides(
  resources: readonly OverrideResource[],
  observations: readonly ClusterObservation[],
): Promise<ReadonlyMap<string, unknown>> {
  const readings = observations.flatMap((observation) => {
    const { cluster, profile } = observation;
    const own = resources.filter((resource) => resource.cluster === cluster);
    return profile.overrides === null
      ? []
      : [profile.overrides.read(own, observation).then((reading) => [cluster, reading] as const)];
  });
  return new Map(await Promise.all(readings));
}
