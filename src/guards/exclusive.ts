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
    const limit = limitOf(input);
    if (rotationUnits(others.map(({ type }) => type)) < limit) return failWith([]);
    return failWith(
      others.map((other) => ({
        subject: `authority/${other.type}`,
        message: `is rotating too (phase ${other.rotation.phase})`,
        remedy: `wait until it is back in standby, or roll it back; ${reasonFor(input)}`,
      })),
    );
  },
};

/** Both CAs of Talos are in the one configuration of a machine: never both at once (reference talos-rotation 2.5). */
function limitOf({ observation, cluster }: GuardInput): number {
  return observation.platform === "talos" ? 1 : cluster.policy.concurrentRotations;
}

function reasonFor({ observation, cluster }: GuardInput): string {
  return observation.platform === "talos"
    ? "both CAs of a Talos cluster never rotate at once"
    : `\`policy.concurrent_rotations\` is ${cluster.policy.concurrentRotations}`;
}

function countsAsOne(other: LiveAuthority, { authority }: GuardInput): boolean {
  return other.type === authority.type || isPair(other.type, authority.type);
}
