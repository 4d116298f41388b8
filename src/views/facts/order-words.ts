import type { ClusterPlan, HoldPlan } from "../../rotation/plan.ts";
import { writtenDate, writtenMoment } from "../../written-date.ts";

const NAMED = 5;

/** What a person or the order of waves says of a cluster, as lines without a full stop; none where nothing is said. */
export function orderWords({
  wave,
  hold,
  rotations,
}: Pick<ClusterPlan, "wave" | "hold" | "rotations">): readonly string[] {
  return [
    ...(hold == null ? [] : [heldWords("held", hold)]),
    ...rotations.flatMap((rotation) =>
      rotation.hold === undefined ? [] : [heldWords(`${rotation.name} held`, rotation.hold)],
    ),
    ...waveWords(wave ?? null),
  ];
}

function heldWords(what: string, { reason, until }: HoldPlan): string {
  return `${what}${until === null ? "" : ` until ${writtenDate(until)}`}: ${reason}`;
}

function waveWords(wave: ClusterPlan["wave"]): readonly string[] {
  if (wave === null) return [];
  const { name, waits_for, until } = wave;
  if (name === null) return ["in no wave, so it is held"];
  if (waits_for.length > 0) {
    const rest = waits_for.length - NAMED;
    const more = rest > 0 ? ` and ${rest} more` : "";
    return [`wave ${name}, waits for ${waits_for.slice(0, NAMED).join(", ")}${more}`];
  }
  return [until === null ? `wave ${name}` : `wave ${name}, pauses until ${writtenMoment(until)}`];
}
