import { reportedByComponents } from "../profile/lookup.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { Acknowledgement, RotationResource } from "../resources/model/desired.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ChecklistItem } from "../rotation/plan.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { rosterStep } from "./roster-step.ts";
import { isStated } from "./tick.ts";

/** What a statement about the roster is held against. */
interface RosterInput {
  readonly observation: Pick<ClusterObservation, "profile">;
  /** `null` when no resource declares the rotation: then nobody can have stated anything. */
  readonly rotation: RotationResource | null;
  readonly record: RotationRecord | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether a person has stated, rightly, that everybody who was there before init is there now. */
export function isRosterStated(type: string, input: RosterInput): boolean {
  return statementOf(type, input) !== undefined;
}

function statementOf(
  type: string,
  { observation, rotation, record, now }: RosterInput,
): Acknowledgement | undefined {
  const step = rosterStep(type);
  return rotation?.acknowledge.find((one) =>
    isStated(step, [one], {
      profile: observation.profile,
      types: rotation.authorities.map((authority) => authority.type),
      now: new Date(now).toISOString(),
      startedAt: record?.started_at ?? null,
    }),
  );
}

/** The comparing, while a rotation goes on whose start capstan did not see; `null` where there is nothing to compare. */
export function rosterWork(
  type: string,
  phase: Phase,
  input: RosterInput & { readonly observation: Pick<ClusterObservation, "profile" | "authorities"> },
): ChecklistItem | null {
  const { observation, rotation, record } = input;
  const isForward = phase !== "standby" && phase !== "rollback";
  // Of one that is still to begin, apply takes the roster by itself.
  const goesOn = observation.authorities.some(
    (live) => live.type === type && live.rotation.phase !== "standby",
  );
  const isWanted = isForward && goesOn && rotation !== null && record?.roster == null;
  if (!isWanted || !reportedByComponents(observation.profile, type)) return null;
  const statement = statementOf(type, input);
  return {
    id: rosterStep(type),
    do: "Compare who is there with your own inventory: nobody who was there before the rotation is missing.",
    why: "capstan did not see the start, so it does not know who was there. Who is off now is cut off when the old key goes.",
    verify: "Every machine of your inventory is in the list.",
    commands: ["capstan status"],
    artifacts: [],
    required: true,
    state: statement === undefined ? "open" : "done",
    by: statement?.who ?? null,
    note: statement?.note ?? statement?.evidence ?? null,
  };
}
