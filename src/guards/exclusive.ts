import { isPair, rotationUnits } from "../rotation/authority-type.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import { failWith, type Guard, type GuardInput, isForward } from "./guard.ts";

/** All at once is how a cluster is lost (reference teleport-rotation 7, #17493). */
export const exclusive: Guard = {
  id: "exclusive",
  refuses: "rotating more CAs of a cluster at a time than its policy allows",
  waivable: false,
  appliesTo: ({ edge }) => isForward(edge) && edge.from !== edge.to,
  judge: (input) => {
    const others = input.observation.authorities.filter(
      (other) => other.rotation.state === "in_progress" && !countsAsOne(other, input),
    );
    if (rotationUnits(others.map(({ type }) => type)) < input.cluster.policy.concurrentRotations)
      return failWith([]);
    return failWith(
      others.map((other) => ({
        subject: `authority/${other.type}`,
        message: `is rotating too (phase ${other.rotation.phase})`,
        remedy: `wait until it is back in standby, or roll it back; \`policy.concurrent_rotations\` is ${input.cluster.policy.concurrentRotations}`,
      })),
    );
  },
};

function countsAsOne(other: LiveAuthority, { authority }: GuardInput): boolean {
  return other.type === authority.type || isPair(other.type, authority.type);
}
