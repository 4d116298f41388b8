import type { AuthorityProfile } from "../x509/what-is-made.ts";
import type { TalosType } from "./authority-types.ts";

const VALIDITY_MS = 10 * 365 * 24 * 3_600_000;

/**
 * What the next CA is like, by type: as `talosctl gen secrets` makes them (reference talos-rotation 3.4, 7).
 */
export const NEXT_AUTHORITIES: Readonly<Record<TalosType, AuthorityProfile>> = {
  talos: { organization: "talos", keys: "ed25519", form: "ed25519", validForMs: VALIDITY_MS },
  kubernetes: { organization: "kubernetes", keys: "ec", form: "sec1", validForMs: VALIDITY_MS },
};
