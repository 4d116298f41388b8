import { isPair, rotationUnits } from "../rotation/authority-type.ts";
import type { Finding } from "../rotation/plan.ts";
import { failWith, type Guard, type GuardInput, isForward, PENDING } from "./guard.ts";

/**
 * All at once is how a cluster is lost (reference teleport-rotation 7, #17493). A rotation is judged as after those
 * that the same run takes before it: what they start is rotating then, what they end is not.
 */
export const exclusive: Guard = {
  id: "exclusive",
  refuses: "rotating more CAs of a cluster at a time than its policy allows",
  waivable: false,
  appliesTo: ({ edge }) => isForward(edge) && edge.from !== edge.to,
  judge: (input) => {
    const rotating = othersRotating(input);
    const ended = new Set((input.ahead ?? []).flatMap(({ ends }) => ends));
    const left = rotating.filter(({ type }) => !ended.has(type));
    const limit = limitOf(input);
    if (unitsOf(left) >= limit) return failWith(left.map((other) => findingOf(other, input)));
    return unitsOf(rotating) < limit ? failWith([]) : PENDING;
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

function unitsOf(others: readonly Other[]): number {
  return rotationUnits(others.map(({ type }) => type));
}

function findingOf({ type, message, rotation }: Other, input: GuardInput): Finding {
  const wait =
    rotation === null
      ? "wait until it is back in standby, or roll it back"
      : `held until ${rotation} is finished or rolled back and ${type} is in standby again; apply again then`;
  return { subject: `authority/${type}`, message, remedy: `${wait}; ${reasonFor(input)}` };
}

/** Both CAs of Talos are in the one configuration of a machine: never both at once (reference talos-rotation 2.5). */
function limitOf({ observation, cluster }: GuardInput): number {
  return observation.platform === "talos" ? 1 : cluster.policy.concurrentRotations;
}

function reasonFor({ observation, cluster }: GuardInput): string {
  return observation.platform === "talos"
    ? "both CAs of a Talos cluster never rotate at once"
    : `\`policy.concurrent_rotations\` is ${cluster.policy.concurrentRotations}`;
}

function countsAsOne(other: string, { authority }: GuardInput): boolean {
  return other === authority.type || isPair(other, authority.type);
}
