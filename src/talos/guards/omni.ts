import { failWith, type Guard } from "../../guards/guard.ts";

/** Omni rotates the CAs of its clusters itself, and writes its own configurations (reference talos-rotation 2.2). */
export const talosOmni: Guard = {
  id: "omni",
  refuses: "a cluster that Omni manages",
  waivable: false,
  appliesTo: ({ edge, observation }) => observation.platform === "talos" && edge.from !== edge.to,
  judge: ({ observation: { talos } }) =>
    failWith(
      (talos?.machines ?? [])
        .filter(({ found }) => found?.omni === true)
        .map(({ address }) => ({
          subject: `machine/${address}`,
          message: "is connected to Omni, which rotates CAs by itself",
          remedy: "rotate with omnictl",
        })),
    ),
};
