import { kindsOf, reportedByComponents } from "../profile/lookup.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { standbyIds } from "../rotation/evidence.ts";
import { standingsOf } from "../rotation/followers.ts";
import type { Step, StepComponents } from "../rotation/plan.ts";
import { coveredByWaivers, isAwaited } from "../rotation/waived-followers.ts";
import type { Member, RotationContext } from "./rotation-member.ts";

/**
 * Who is in the phase that a step leaves: what an approval of it rests on. Counted by the same rule as the guards, and
 * only while the CA is there; `undefined` before that, and where no component reports the CA.
 */
export function componentsAt(
  { from }: Pick<Step, "from">,
  { live, memory }: Pick<Member, "live" | "memory">,
  resource: RotationResource | null,
  { observation, record, now }: Pick<RotationContext, "observation" | "record" | "now">,
): StepComponents | undefined {
  const { profile } = observation;
  const isThere = from === live.rotation.phase && live.rotation.towards == null;
  if (!isThere || !reportedByComponents(profile, live.type)) return undefined;
  const roster = memory?.roster ?? [];
  const isWaived = coveredByWaivers(resource?.waive ?? [], roster);
  const { following, others } = standingsOf(observation, live, roster, from, now, standbyIds(record, live));
  const awaited = others.filter((follower) => isAwaited(follower, roster));
  const waived = awaited.filter((follower) => isWaived(follower, now));
  const behind = Map.groupBy(
    awaited.filter((follower) => !isWaived(follower, now)),
    ({ kind }) => kind,
  );
  const kinds = kindsOf(profile).flatMap((kind) => {
    const there = following.get(kind) ?? 0;
    const total = there + (behind.get(kind)?.length ?? 0);
    return total === 0 ? [] : [{ kind, total, there }];
  });
  if (kinds.length + waived.length === 0) return undefined;
  return {
    phase: from,
    total: kinds.reduce((sum, { total }) => sum + total, 0),
    there: kinds.reduce((sum, { there }) => sum + there, 0),
    waived: waived.map(({ subject }) => subject),
    kinds,
  };
}
