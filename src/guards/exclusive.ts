import type { LiveAuthority } from "../rotation/observation.ts";
import { failWith, type Guard, type GuardInput, isForward } from "./guard.ts";

/** The one pair that Teleport's documentation lets rotate together (reference teleport-rotation 2.2). */
const PAIR: readonly string[] = ["db", "db_client"];

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
    if (units(others) < input.cluster.policy.concurrentRotations) return failWith([]);
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
  return other.type === authority.type || (PAIR.includes(other.type) && PAIR.includes(authority.type));
}

/** How many rotations these are when db and db_client count as one. */
function units(authorities: readonly LiveAuthority[]): number {
  return new Set(authorities.map(({ type }) => (PAIR.includes(type) ? PAIR[0] : type))).size;
}
