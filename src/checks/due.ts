import { kindOfCheck } from "../profile/check-kind.ts";
import type { PlatformProfile } from "../profile/profile.ts";
import type { AccessCheck } from "../resources/model/access-check.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import { type Edge, FORWARD, isPointOfNoReturn, type Phase } from "../rotation/phase.ts";

type WithChecks = Pick<ClusterResource, "checks">;
type WithKinds = Pick<PlatformProfile, "checkKinds">;

/** The checks that the rotation of a CA can break, in the order of git. */
export function checksOfAuthority(
  { checks = [] }: WithChecks,
  profile: WithKinds,
  authority: string,
): readonly AccessCheck[] {
  return checks.filter((check) => {
    const types = check.authorities ?? kindOfCheck(profile, check)?.exercises ?? null;
    return types === null || types.includes(authority);
  });
}

/**
 * Whether a check runs after a phase was entered. One that names no phases runs on the way forward: on the way back it must
 * not keep people from what still worked before.
 */
export function runsAfter({ phases = FORWARD }: Pick<AccessCheck, "phases">, phase: Phase): boolean {
  return phases.includes(phase);
}

/** All of the CA: a baseline is taken before init, and what goes at the point of no return does not come back. */
export function takesThemAll(edge: Edge): boolean {
  return (edge.from === "standby" && edge.to === "init") || isPointOfNoReturn(edge);
}

/** The checks that a step is judged by: those of the phase that it leaves, or that it holds. */
export function checksOfStep(
  checks: readonly AccessCheck[],
  edge: Edge,
  goingBack = edge.from === "rollback",
): readonly AccessCheck[] {
  if (goingBack ? edge.from !== "rollback" : edge.to === "rollback") return [];
  return takesThemAll(edge) ? checks : checks.filter((check) => runsAfter(check, edge.from));
}
