import type { PlatformProfile } from "../profile/profile.ts";
import type { ClusterResource, DesiredState, RotationResource } from "../resources/model/desired.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import { type ClusterRecord, openRotation } from "../rotation/record.ts";
import { standingOf } from "./rotation-standing.ts";

/** What a goal is read from. */
interface GoalContext {
  readonly cluster: ClusterResource;
  readonly desired: DesiredState;
  readonly record: ClusterRecord;
  readonly profile: PlatformProfile;
}

/** The one that is under way or comes next, not one that is long done. */
export function rotationMeant(
  type: string,
  { desired, cluster }: Pick<GoalContext, "desired" | "cluster">,
): RotationResource | undefined {
  const named = desired.rotations.filter(
    (rotation) =>
      rotation.cluster === cluster.name && rotation.authorities.some((authority) => authority.type === type),
  );
  return named.find(({ phase }) => phase !== "standby") ?? named.at(-1);
}

/** The phase that git wants for this CA, while that is still to come; `null` without a rotation. */
export function goalOf(authority: LiveAuthority, context: GoalContext): Phase | null {
  const memory = openRotation(context.record, authority.type);
  const rotation = rotationMeant(authority.type, context);
  const wanted = rotation?.authorities.find(({ type }) => type === authority.type);
  const inProgress = authority.rotation.state === "in_progress";
  if (rotation === undefined || wanted === undefined) {
    return memory !== undefined && inProgress ? "rollback" : null;
  }
  if (inProgress && memory?.state === "rolling_back") return "rollback";
  const standing = standingOf(wanted, authority, rotation, context);
  if (standing === "in_progress") return rotation.phase;
  return standing === "not_started" && rotation.phase !== "rollback" ? rotation.phase : null;
}
