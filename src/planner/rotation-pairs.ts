import type { RotationResource } from "../resources/model/desired.ts";

/** The same rotation in two states of git; `null` where it is not there. */
export interface RotationPair {
  readonly base: RotationResource | null;
  readonly head: RotationResource | null;
}

/**
 * Pairs rotations by what they retire, as that is what names one (design, section 2): a rename is no end and no
 * start. One that is under way and retires something else now is found by its name.
 */
export function pairRotations(
  base: readonly RotationResource[],
  head: readonly RotationResource[],
): readonly RotationPair[] {
  const byKey = new Map(
    base.flatMap((rotation) => retirementsOf(rotation).map((key) => [key, rotation] as const)),
  );
  const byName = new Map(
    base.filter(({ phase }) => isUnderWay(phase)).map((rotation) => [nameOf(rotation), rotation] as const),
  );
  const taken = new Set<RotationResource>();
  const take = (candidate: RotationResource | undefined): RotationResource | null => {
    if (candidate === undefined || taken.has(candidate)) return null;
    taken.add(candidate);
    return candidate;
  };
  const retiring = head.map((rotation) => {
    const key = retirementsOf(rotation).find((one) => byKey.has(one));
    return { head: rotation, base: key === undefined ? null : take(byKey.get(key)) };
  });
  const paired = retiring.map((pair) => ({
    ...pair,
    base: pair.base ?? take(byName.get(nameOf(pair.head))),
  }));
  const gone = base.filter((rotation) => !taken.has(rotation));
  return [...paired, ...gone.map((rotation) => ({ base: rotation, head: null }))];
}

/** In one of the phases between the first standby and the last, on the way forward. */
export function isUnderWay(phase: RotationResource["phase"]): boolean {
  return phase !== "standby" && phase !== "rollback";
}

function retirementsOf({ cluster, authorities }: RotationResource): readonly string[] {
  return authorities.flatMap(({ type, retire }) => retire.map((key) => `${cluster} ${type} ${key}`));
}

function nameOf({ cluster, name }: RotationResource): string {
  return `${cluster} ${name}`;
}
