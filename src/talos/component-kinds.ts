import type { ComponentKindRow } from "../profile/component-kind.ts";
import { TALOS_TYPES } from "./authority-types.ts";

/** A machine, once for each of the two CAs that it follows. */
export const KIND_OF_TYPE = { talos: "talos_node", kubernetes: "kubernetes_node" } as const;

/** Machines are in no listing: each of the inventory is asked. */
export const COMPONENT_KINDS: readonly ComponentKindRow[] = TALOS_TYPES.map((type) => ({
  kind: KIND_OF_TYPE[type],
  listing: null,
  follows: [type],
}));
