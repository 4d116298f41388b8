import { judgeAll } from "../guards/chain.ts";
import type { Check } from "../profile/preflight.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import { type ClusterRecord, openRotation } from "../rotation/record.ts";

/** Whether a cluster is in a state from which a rotation could start: versions, credentials, permissions, clock. */
export function preflight(
  cluster: ClusterResource,
  observation: ClusterObservation,
  now: number,
): readonly Check[] {
  const { type, checks } = observation.profile.preflight;
  const authority = observation.authorities.find((live) => live.type === type);
  const verdicts =
    authority === undefined
      ? []
      : judgeAll({
          cluster,
          observation,
          authority,
          rotation: null,
          record: undefined,
          consumers: [],
          edge: { from: "standby", to: "init" },
          now,
        });
  return checks(observation, verdicts, now);
}

/** A rotation that the record here does not know of can only be judged by less: its roster and its times are lost. */
export function recordCheck({ authorities }: ClusterObservation, record: ClusterRecord): Check {
  const name = "record";
  const lost = authorities.filter(
    ({ type, rotation }) => rotation.state === "in_progress" && openRotation(record, type) === undefined,
  );
  if (lost.length === 0) {
    const known = record.rotations.filter(({ ended_at }) => ended_at === null).length;
    const message = known === 0 ? "no rotation is under way" : "knows every rotation that is under way";
    return { name, outcome: "pass", message, remedy: null };
  }
  return {
    name,
    outcome: "unknown",
    message: `no record here of what is under way: ${lost.map(({ type, rotation }) => `${type} in ${rotation.phase}`).join(", ")}`,
    remedy:
      "go on from where its record is: below .capstan in the clone that started it, or in the git remote (`record: refs`). Without one, who was there before init and since when it runs stay unknown",
  };
}
