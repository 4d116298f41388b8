import type { PlatformProfile } from "../profile/profile.ts";
import { AUTHORITY_TYPES } from "../rotation/authority-type.ts";
import { RESOURCE_RULES } from "./resources/rules.ts";

/** Teleport, as the core sees it (reference teleport-rotation). */
export const TELEPORT: PlatformProfile = {
  name: "teleport",
  title: "Teleport",
  types: AUTHORITY_TYPES,
  // The one pair that Teleport's documentation lets rotate together, in this order (reference 2.2).
  limit: { atMost: null, together: [["db", "db_client"]] },
  resources: RESOURCE_RULES,
};
