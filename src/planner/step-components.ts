import { kindsOf, reportedByComponents } from "../profile/lookup.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { standbyIds } from "../rotation/evidence.ts";
import { type Follower, followersOf } from "../rotation/followers.ts";
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
  const needed = followersOf(observation, live, roster, from, now, standbyIds(record, live)).filter(
    (follower) => isFollowing(follower) || isAwaited(follower, roster),
  );
  const waived = needed.filter((follower) => !isFollowing(follower) && isWaived(follower, now));
  const counted = needed.filter((follower) => !waived.includes(follower));
  if (counted.length + waived.length === 0) return undefined;
  const count = (followers: readonly Follower[]) => ({
    total: followers.length,
    there: followers.filter(isFollowing).length,
  });
  const byKind = Map.groupBy(counted, ({ kind }) => kind);
  return {
    phase: from,
    ...count(counted),
    waived: waived.map(({ subject }) => subject),
    kinds: kindsOf(profile).flatMap((kind) => {
      const ofKind = byKind.get(kind);
      return ofKind === undefined ? [] : [{ kind, ...count(ofKind) }];
    }),
  };
}

function isFollowing({ standing }: Follower): boolean {
  return standing === "following";
}
