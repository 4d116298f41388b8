import type { Guard, GuardInput } from "../profile/profile.ts";
import { isInForce } from "../resources/model/hold.ts";
import { isForward } from "../rotation/phase.ts";
import { writtenDate } from "../written-date.ts";
import { failWith } from "./judgement.ts";

/** A person said so. It holds what goes forward, as a window does; the way back never waits. */
export const hold: Guard = {
  id: "hold",
  about: "time",
  refuses: "beginning a step while a person holds the cluster or the rotation",
  waivable: false,
  subjects: ["cluster", "rotation"],
  appliesTo: (input) =>
    holdsOf(input).length > 0 &&
    isForward(input.edge) &&
    input.edge.from !== input.edge.to &&
    input.authority.rotation.towards !== input.edge.to,
  judge: (input) =>
    failWith(
      holdsOf(input)
        .filter(({ hold: one }) => isInForce(one, input.now))
        .map(({ subject, hold: { reason, until } }) => ({
          subject,
          message: `is held${until === null ? "" : ` until ${writtenDate(until)}`}: ${reason}`,
          remedy:
            until === null
              ? "ask who holds it to take `hold` out of git"
              : "apply again after that time, or take `hold` out of git",
        })),
    ),
};

function holdsOf({ cluster, rotation }: GuardInput) {
  const { hold: ofCluster } = cluster;
  return [
    ...(ofCluster === undefined ? [] : [{ subject: `cluster/${cluster.name}`, hold: ofCluster }]),
    ...(rotation?.hold === undefined ? [] : [{ subject: `rotation/${rotation.name}`, hold: rotation.hold }]),
  ];
}
