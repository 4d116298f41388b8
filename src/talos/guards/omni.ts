import { failWith } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { talosFacts } from "../facts.ts";

/** Omni rotates the CAs of its clusters itself, and writes its own configurations (reference talos-rotation 2.2). */
export const omni: Guard = {
  id: "omni",
  about: "cluster",
  refuses: "a cluster that Omni manages",
  waivable: false,
  subjects: ["machine"],
  appliesTo: ({ edge }) => edge.from !== edge.to,
  judge: ({ observation }) =>
    failWith(
      (talosFacts(observation)?.machines ?? [])
        .filter(({ found }) => found?.omni === true)
        .map(({ address }) => ({
          subject: `machine/${address}`,
          message: "is connected to Omni, which rotates CAs by itself",
          remedy: "rotate with omnictl",
        })),
    ),
};
