import { failWith } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isTalosType } from "../authority-types.ts";
import { talosFacts } from "../facts.ts";

/**
 * CAs that everybody accepts beside the two are somebody's business, and are kept. One that only some machines accept
 * looks like a rotation that somebody else began (reference talos-rotation 9: `talosctl rotate-ca` leaves that behind).
 */
export const foreignCas: Guard = {
  id: "foreign-cas",
  about: "cluster",
  refuses: "starting while some machines accept a CA that others do not know",
  waivable: true,
  subjects: ["machine"],
  appliesTo: ({ edge }) => edge.to === "init",
  judge: ({ observation, authority: { type } }) => {
    const talos = talosFacts(observation);
    if (talos === undefined || !isTalosType(type)) return failWith([]);
    const machines = talos.machines.flatMap(({ address, found }) =>
      found === null ? [] : [{ address, accepted: found.foreign[type] }],
    );
    const everywhere = (key: string) => machines.every(({ accepted }) => accepted.some((one) => one === key));
    return failWith(
      machines.flatMap(({ address, accepted }) =>
        accepted
          .filter((key) => !everywhere(key))
          .map((key) => ({
            subject: `machine/${address}`,
            message: `accepts ${key}, which neither git knows nor all other machines accept: somebody may be rotating`,
            remedy: "find out whose CA it is; take it out of acceptedCAs, or add it everywhere",
          })),
      ),
    );
  },
};
