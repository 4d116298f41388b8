import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard, GuardInput } from "../../profile/profile.ts";
import { isForward } from "../../rotation/phase.ts";
import { talosFacts } from "../facts.ts";

/**
 * `talosctl rotate-ca` may lose the new key half-way, and the swap deletes the old one from the cluster (reference
 * talos-rotation 1.5, 2.4). Both have to be kept, and to be opened, before the first machine is changed.
 */
export const backup: Guard = {
  id: "backup",
  about: "cluster",
  refuses: "a step before both private keys are kept and can be opened",
  waivable: false,
  subjects: ["authority"],
  appliesTo: ({ edge }) => edge.from !== edge.to,
  judge: (input) => {
    const { observation, authority, edge } = input;
    const subject = `authority/${authority.type}`;
    const custody = talosFacts(observation)?.keys.find((keys) => keys.authority === authority.type);
    if (custody === undefined) {
      return unknown({
        subject,
        message: "nobody has looked for the keys of this rotation",
        remedy: "plan again; the record or `next` of the ca_rotation has to name them",
      });
    }
    return failWith([
      ...(custody.next !== null && isForward(edge)
        ? [
            {
              subject,
              message: `the next key cannot be used: ${custody.next}`,
              remedy: "set SOPS_AGE_KEY_FILE or SOPS_AGE_KEY; `capstan rotate start` makes a new pair",
            },
          ]
        : []),
      ...(custody.old !== null && needsOldKey(input)
        ? [
            {
              subject,
              message: `the old key could not be brought back: ${custody.old}`,
              remedy: "name age recipients in spec.talos, and restore the record if it was lost",
            },
          ]
        : []),
    ]);
  },
};

/** Until the old key is gone for good; and out of rollback it signs already. */
function needsOldKey({ edge }: GuardInput): boolean {
  return edge.to !== "standby";
}
