import type { Phase } from "../../rotation/phase.ts";
import { COVERS_ONE_STEP, type Step } from "../../rotation/plan.ts";
import type { RotationRecord } from "../../rotation/record.ts";

/** The record before a transition is asked for, so that a run after a crash knows what may be on its way. */
export function asked(rotation: RotationRecord, to: Phase, now: string): RotationRecord {
  return { ...rotation, requested: { to, at: now } };
}

/** The record of a rotation that is being rolled back; `reason` is for people, and stays with it. */
export function turnedBack(rotation: RotationRecord, reason: string): RotationRecord {
  return { ...rotation, state: "rolling_back", reason };
}

/** The contents of a resource that drives the rotation: those that quarantine compares with later. */
export function drivenBy(
  rotation: RotationRecord,
  {
    contentHash,
    contentWithoutResume = contentHash,
  }: { readonly contentHash: string; readonly contentWithoutResume?: string | undefined },
): RotationRecord {
  const contents = new Set([...rotation.contents, contentHash, contentWithoutResume]);
  return contents.size === rotation.contents.length ? rotation : { ...rotation, contents: [...contents] };
}

/** The waivers of time that let this step through are used up by it: who waived one window did not waive the next. */
export function spending(
  rotation: RotationRecord,
  { from, to, guards }: Pick<Step, "from" | "to" | "guards">,
): RotationRecord {
  const used = guards
    .filter(({ id }) => COVERS_ONE_STEP.includes(id))
    .flatMap(({ id, waived }) =>
      waived.map(({ subject, reason, expires }) => ({ guard: id, subject, reason, expires, from, to })),
    );
  if (used.length === 0) return rotation;
  const known = (rotation.spent ?? []).map((waiver) => JSON.stringify(waiver));
  const fresh = used.filter((waiver) => !known.includes(JSON.stringify(waiver)));
  return { ...rotation, spent: [...(rotation.spent ?? []), ...fresh] };
}
