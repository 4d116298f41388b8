import { knownType } from "../profile/lookup.ts";
import type { PlatformProfile } from "../profile/profile.ts";
import type { Phase } from "../rotation/phase.ts";
import { hasRelease } from "./release.ts";
import type { ChecklistStep } from "./step.ts";
import { stepsOfUnknownType } from "./unknown-type.ts";

/**
 * The work of one phase. `serverVersion` as the server gave it; `null`, or one that cannot be read, shows the
 * steps of every version, as too much work shown is safer than too little.
 */
export function checklistFor(
  profile: Checklists,
  type: string,
  phase: Phase,
  serverVersion: string | null,
): readonly ChecklistStep[] {
  return workOfType(profile, type).filter((step) => step.phase === phase && isNeededAt(step, serverVersion));
}

type Checklists = Pick<PlatformProfile, "types" | "checklist">;

/** Every step of a type, whatever the phase and the version: what an acknowledgement may name. */
export function workOfType(profile: Checklists, type: string): readonly ChecklistStep[] {
  return knownType(profile, type) === undefined
    ? stepsOfUnknownType(type)
    : profile.checklist.filter((step) => step.authority === type);
}

function isNeededAt({ since, until }: ChecklistStep, version: string | null): boolean {
  if (version === null) return true;
  return (
    (since === null || hasRelease(version, since) !== false) &&
    (until === null || hasRelease(version, until) !== true)
  );
}
