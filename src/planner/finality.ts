import type { RotationResource } from "../resources/desired.ts";
import { newKeyWasUsed, wouldBeUnused } from "../rotation/evidence.ts";
import type { ClusterObservation, LiveAuthority } from "../rotation/observation.ts";
import { type Edge, isPointOfNoReturn } from "../rotation/phase.ts";
import type { GuardId, GuardVerdict } from "../rotation/plan.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { type EndOfRollback, endOfRollback } from "../rotation/way-back.ts";

/** What is known of a rotation where one of its steps may drop a key that somebody lives by. */
export interface Dropping {
  readonly live: LiveAuthority;
  readonly retire: RotationRecord["retire"];
  readonly memory: RotationRecord | undefined;
  readonly observation: ClusterObservation;
  /** `null` when git no longer declares it. */
  readonly resource: RotationResource | null;
  readonly now: number;
}

/** Whether a step is a point of no return, and what the end of a rollback takes away. */
export interface Finality {
  readonly final: boolean;
  /** Of steps into and out of rollback only. */
  readonly end: EndOfRollback | null;
  /** Who may live by the key that goes. */
  readonly who: readonly string[];
}

/** Guards that speak of those who may live by the key that goes. */
const WITNESSES: readonly GuardId[] = ["roster", "components-ready", "trust-consumers"];

/**
 * Dropping the old key at the end of a walk always is one. Leaving rollback drops a key as well: an ordinary step when
 * that key was never used, or when everybody was seen to live by the other one and all work of the way back is done;
 * else whoever is not accounted for is cut off by it (design, section 3). `guards`: `null` while the step before it
 * has not been taken.
 */
export function finalityOf(edge: Edge, dropping: Dropping, guards: readonly GuardVerdict[] | null): Finality {
  const { live, retire, observation } = dropping;
  if (isPointOfNoReturn(edge)) return { final: true, end: null, who: [] };
  if (edge.from !== "rollback" && edge.to !== "rollback") return { final: false, end: null, who: [] };
  const end = endOfRollback(retire, live, observation);
  if (edge.to === "rollback") return { final: false, end, who: [] };
  const who = guards === null ? foreseen(dropping, end) : unaccounted(dropping, end, guards);
  return { final: who.length > 0, end, who };
}

function unaccounted(
  { live, memory }: Dropping,
  end: EndOfRollback,
  guards: readonly GuardVerdict[],
): readonly string[] {
  if (end === "new-key-goes" && newKeyWasUsed(memory, live) === "refuted") return [];
  const waived = guards
    .filter(({ id }) => WITNESSES.includes(id))
    .flatMap((verdict) => verdict.waived.map(({ subject }) => `${subject} (waived)`));
  const open = guards
    .filter(({ id, outcome }) => WITNESSES.includes(id) && outcome !== "pass")
    .flatMap(({ findings }) => findings.map(({ subject }) => subject));
  return [...new Set([...waived, ...open, ...unknownBy(memory, end)])];
}

/** What can be said before rollback is entered; it is judged again from there. */
function foreseen({ live, memory, resource, now }: Dropping, end: EndOfRollback): readonly string[] {
  if (end === "old-key-goes") return ["whoever has no certificate of the new key by then"];
  if (end === "new-key-goes" && wouldBeUnused(memory, live)) return [];
  const waived = (resource?.waive ?? [])
    .filter(({ guard, expires }) => WITNESSES.some((id) => id === guard) && Date.parse(expires) > now)
    .map(({ subject }) => `${subject} (waived)`);
  return [...new Set([...waived, ...unknownBy(memory, end)])];
}

function unknownBy(memory: RotationRecord | undefined, end: EndOfRollback): readonly string[] {
  return [
    ...(hasFirstRoster(memory) ? [] : ["whoever was there before init, of which there is no roster"]),
    ...(end === "unclear" ? ["nobody knows whom, as the key sets do not tell which key goes"] : []),
  ];
}

/** One that was taken in the middle of a rotation, as a person accepted, lacks who was lost before. */
function hasFirstRoster(memory: RotationRecord | undefined): boolean {
  return memory?.roster != null && memory.previous_id !== undefined;
}
