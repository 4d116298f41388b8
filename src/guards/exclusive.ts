import { isPair, rotationUnits } from "../profile/limit.ts";
import type { Guard, GuardInput } from "../profile/profile.ts";
import { isForward } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";
import { failWith, PENDING } from "./judgement.ts";

/**
 * All at once is how a cluster is lost (reference teleport-rotation 7, #17493). A rotation is judged as after those
 * that the same run takes before it: what they start is rotating then, what they end is not.
 */
export const exclusive: Guard = {
  id: "exclusive",
  about: "rotation",
  refuses: "rotating more CAs of a cluster at a time than its policy allows",
  waivable: false,
  subjects: ["authority"],
  appliesTo: ({ edge }) => isForward(edge) && edge.from !== edge.to,
  judge: (input) => {
    const rotating = othersRotating(input);
    const ended = new Set((input.ahead ?? []).flatMap(({ ends }) => ends));
    const left = rotating.filter(({ type }) => !ended.has(type));
    const limit = limitOf(input);
    if (unitsOf(left, input) >= limit) return failWith(left.map((other) => findingOf(other, input)));
    return unitsOf(rotating, input) < limit ? failWith([]) : PENDING;
  },
};

interface Other {
  readonly type: string;
  readonly message: string;
  /** The rotation that is over before this one may start. */
  readonly rotation: string | null;
}

/** Under way now, or begun by the run before the turn of this one. */
function othersRotating(input: GuardInput): readonly Other[] {
  const { observation, ahead = [] } = input;
  const inProgress = observation.authorities
    .filter(({ rotation }) => rotation.state === "in_progress")
    .map(({ type, rotation: { phase } }) => ({
      type,
      message: `is rotating too (phase ${phase})`,
      rotation: null,
    }));
  const starting = ahead.flatMap(({ rotation, starts }) =>
    starts.map((type) => ({ type, message: `comes first: ${rotation} starts to rotate it`, rotation })),
  );
  return [...inProgress, ...starting].filter(({ type }) => !countsAsOne(type, input));
}

function unitsOf(others: readonly Other[], { observation }: GuardInput): number {
  return rotationUnits(
    observation.profile.limit,
    others.map(({ type }) => type),
  );
}

function findingOf({ type, message, rotation }: Other, input: GuardInput): Finding {
  const wait =
    rotation === null
      ? "wait until it is back in standby, or roll it back"
      : `held until ${rotation} is finished or rolled back and ${type} is in standby again; apply again then`;
  return { subject: `authority/${type}`, message, remedy: `${wait}; ${reasonFor(input)}` };
}

function limitOf({ observation, cluster }: GuardInput): number {
  return observation.profile.limit.atMost?.rotations ?? cluster.policy.concurrentRotations;
}

function reasonFor({ observation, cluster }: GuardInput): string {
  return (
    observation.profile.limit.atMost?.reason ??
    `\`policy.concurrent_rotations\` is ${cluster.policy.concurrentRotations}`
  );
}

function countsAsOne(other: string, { authority, observation }: GuardInput): boolean {
  return other === authority.type || isPair(observation.profile.limit, other, authority.type);
}
