import { CA_TYPES } from "./ca-types.ts";
import type { TctlDialect } from "./rotation-machine.ts";

/** Which Teleport to be. */
export const RELEASES = ["5", "11", "17", "18.9.0", "18"] as const;
export type PlayedRelease = (typeof RELEASES)[number];

/**
 * What it knows of certificate authority overrides (teleport-overrides 4): 18.9.0 takes whole resources, later ones
 * have a command per entry too, and auth servers that sign for each other.
 */
export type OverrideSupport = "none" | "resources" | "entries";

export interface ReleaseFacts {
  readonly dialect: TctlDialect;
  /** Of the server and of its `tctl`. */
  readonly version: string;
  /** What `tctl version` prints. */
  readonly banner: string;
  readonly types: readonly string[];
  /** Exports of TLS types left trusted keys out until #63058, in the branch of 18 (reference 2.3). */
  readonly exportsTrustedTls: boolean;
  readonly overrides: OverrideSupport;
  /** `get cert_authority/TYPE`, without the cluster (reference 4.2). */
  readonly takesTypeAlone: boolean;
  /** What a JSON listing of nothing is, unless told otherwise. */
  readonly emptyListing: "[]" | "null";
}

const FACTS: Readonly<Record<PlayedRelease, ReleaseFacts>> = {
  "5": {
    dialect: "v5",
    version: "5.0.0-dev",
    banner: "Teleport v5.0.0-dev git: go1.19.8",
    // It shows only these two in every listing (recordings/README).
    types: ["user", "host"],
    exportsTrustedTls: false,
    overrides: "none",
    takesTypeAlone: false,
    emptyListing: "[]",
  },
  "11": {
    dialect: "v11",
    version: "11.1.2",
    banner: "Teleport v11.1.2 git: go1.26.8",
    types: ["host", "user", "db", "jwt"],
    exportsTrustedTls: false,
    overrides: "none",
    takesTypeAlone: false,
    emptyListing: "null",
  },
  "17": {
    dialect: "v18",
    version: "17.7.2",
    banner: "Teleport Enterprise v17.7.2 git:v17.7.2-0-g8b90d14 go1.23.12",
    types: CA_TYPES.filter(({ since }) => since <= 17).map(({ name }) => name),
    exportsTrustedTls: false,
    overrides: "none",
    takesTypeAlone: false,
    emptyListing: "[]",
  },
  "18.9.0": {
    dialect: "v18",
    version: "18.9.0",
    banner: "Teleport Enterprise v18.9.0 git:v18.9.0-0-g4c1a7f2 go1.25.3",
    // `app_client` was brought back into its branch (reference 2.1).
    types: CA_TYPES.map(({ name }) => name),
    exportsTrustedTls: true,
    overrides: "resources",
    takesTypeAlone: true,
    emptyListing: "[]",
  },
  "18": {
    dialect: "v18",
    version: "18.10.1",
    banner: "Teleport Enterprise v18.10.1 git:v18.10.1-0-g9d2e6b0 go1.25.3",
    types: CA_TYPES.map(({ name }) => name),
    exportsTrustedTls: true,
    overrides: "entries",
    takesTypeAlone: true,
    emptyListing: "[]",
  },
};

export function factsOf(release: PlayedRelease): ReleaseFacts {
  return FACTS[release];
}
