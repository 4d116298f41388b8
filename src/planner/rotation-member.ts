import type { CampaignView } from "../fleet/campaign-view.ts";
import type { Ahead, ClusterObservation } from "../profile/profile.ts";
import type {
  AuthorityResource,
  ClusterResource,
  RotatedAuthority,
  RotationResource,
} from "../resources/model/desired.ts";
import type { HistoryFacts } from "../rotation/history.ts";
import type { Fingerprint, LiveAuthority } from "../rotation/observation.ts";
import type { Standing, Step } from "../rotation/plan.ts";
import { type ClusterRecord, phaseRecord, type RotationRecord } from "../rotation/record.ts";

/** What the plan of one rotation is made from; `rotation` is `null` when git no longer declares it. */
export interface RotationContext {
  readonly cluster: ClusterResource;
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
  /** Absent when nobody looked. */
  readonly overrides: unknown;
  /** What git says of the authorities of this cluster. */
  readonly authorities: readonly AuthorityResource[];
  /** All rotations that git has of this cluster. */
  readonly declared: readonly RotationResource[];
  readonly now: number;
  /** What git says of the time since the last run; `null` when nobody asked. */
  readonly history: HistoryFacts | null;
  /** Rotations of the cluster that a run takes before this one. */
  readonly ahead: readonly Ahead[];
  /** Of the rotation that is planned; absent where the repository has no waves. */
  readonly campaign?: CampaignView | undefined;
}

/** A step before its work by hand is known. */
export type Move = Omit<Step, "checklist">;

/** One authority of a rotation with everything that is known about it. */
export interface Member {
  readonly wanted: RotatedAuthority;
  readonly live: LiveAuthority;
  readonly memory: RotationRecord | undefined;
  readonly standing: Standing;
  /** Keys to be retired that nobody ever saw in this CA. */
  readonly unseen: readonly Fingerprint[];
}

/** Whether everybody was seen in the phase that the authority is in: who is lost later is no reason to turn back. */
export function wasVerified({ live, memory }: Pick<Member, "live" | "memory">): boolean {
  return phaseRecord(memory, live.rotation.phase)?.verified_at != null;
}

/** Turned back by capstan: then its partners go back too, however far they came. */
export function isTurnedBack({ memory, standing }: Member): boolean {
  return memory?.state === "rolling_back" || standing === "rolled_back";
}

/** What git says trusts this CA outside of the cluster. */
export function consumersOf(type: string, { authorities }: RotationContext) {
  return authorities.find((authority) => authority.type === type)?.trustConsumers ?? [];
}
