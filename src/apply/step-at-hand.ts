import type { Platform } from "../platforms/platform.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { ClusterResource, RotationResource } from "../resources/model/desired.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Drift, Step } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { FreshLook } from "./fresh-look.ts";

/** One step of one rotation, with what is known right before it. */
export interface StepAtHand {
  readonly cluster: ClusterResource;
  readonly platform: Platform;
  readonly rotationName: string;
  /** `null` when git no longer declares the rotation. */
  readonly resource: RotationResource | null;
  readonly step: Step;
  /** What it is judged by, and what taking it uses up. */
  readonly look: FreshLook;
  readonly observation: ClusterObservation;
  readonly live: LiveAuthority;
  readonly record: ClusterRecord;
  /** Override entries of this CA are not yet as git wants them: no step before they are. */
  readonly unsettled: boolean;
  /** Blocking drift of the cluster: nothing but the way back is taken there. */
  readonly drift: Drift | null;
}

/** `undefined`: the listing of that look does not have it. */
export function authorityNow({ observation }: FreshLook, type: string): LiveAuthority | undefined {
  return observation.authorities.find((authority) => authority.type === type);
}
