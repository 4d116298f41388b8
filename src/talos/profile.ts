import type { PlatformProfile } from "../profile/profile.ts";
import { TALOS_TYPES } from "../rotation/authority-type.ts";
import { RESOURCE_RULES } from "./resources/rules.ts";

/** Talos, as the core sees it (reference talos-rotation). */
export const TALOS: PlatformProfile = {
  name: "talos",
  title: "Talos",
  types: TALOS_TYPES.map((name) => ({ name })),
  limit: {
    atMost: { rotations: 1, reason: "both CAs of a Talos cluster never rotate at once" },
    together: [],
  },
  resources: RESOURCE_RULES,
};
