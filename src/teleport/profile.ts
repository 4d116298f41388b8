import type { PlatformProfile } from "../profile/profile.ts";
import { AUTHORITY_TYPES } from "./authority-types.ts";
import { CHECK_KINDS } from "./check-kinds.ts";
import { CHECKLIST } from "./checklist/checklist.ts";
import { CLOCK } from "./clock.ts";
import { COMPONENT_KINDS, PRESENCE } from "./component-kinds.ts";
import { backup } from "./guards/backup.ts";
import { credentials } from "./guards/credentials.ts";
import { hsmKeys } from "./guards/hsm-keys.ts";
import { overrides } from "./guards/overrides.ts";
import { pins } from "./guards/pins.ts";
import { trustedClusters } from "./guards/trusted-clusters.ts";
import { version } from "./guards/version.ts";
import { KEY_RULES } from "./key-rules.ts";
import { notesOn } from "./notes.ts";
import { OVERRIDES } from "./override-plans/overrides.ts";
import { PREFLIGHT } from "./preflight.ts";
import { RESOURCE_RULES } from "./resources/rules.ts";
import { WORDS } from "./wording.ts";

/** Teleport, as the core sees it (reference teleport-rotation). */
export const TELEPORT: PlatformProfile = {
  name: "teleport",
  title: "Teleport",
  types: AUTHORITY_TYPES,
  // A newer server has types of which capstan knows nothing: what may be so is taken to be so.
  unknownType: (name) => ({
    name,
    signs: "nobody here knows what",
    reportedByComponents: false,
    signsFromInit: true,
  }),
  componentKinds: COMPONENT_KINDS,
  presence: PRESENCE,
  otherListings: ["remote_clusters"],
  keyRules: KEY_RULES,
  // The one pair that Teleport's documentation lets rotate together, in this order (reference 2.2).
  limit: { atMost: null, together: [["db", "db_client"]] },
  clock: CLOCK,
  guards: [hsmKeys, overrides, trustedClusters, pins, credentials, version, backup],
  words: WORDS,
  resources: RESOURCE_RULES,
  checklist: CHECKLIST,
  checkKinds: CHECK_KINDS,
  overrides: OVERRIDES,
  preflight: PREFLIGHT,
  notes: notesOn,
  drift: () => [],
  subjects: () => [],
  keysInRecord: () => [],
};
