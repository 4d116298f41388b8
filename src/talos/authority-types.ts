import type { AuthorityType } from "../profile/authority-type.ts";

/** The two CAs of a Talos cluster that can be rotated (reference talos-rotation 1); etcd and aggregator cannot. */
export const TALOS_TYPES = ["talos", "kubernetes"] as const;

/** A CA of Talos that can be rotated: `talos` is that of its API, `kubernetes` that of the cluster on it. */
export type TalosType = (typeof TALOS_TYPES)[number];

/** Whether a name is that of a CA of Talos that can be rotated. */
export function isTalosType(name: string): name is TalosType {
  return (TALOS_TYPES as readonly string[]).includes(name);
}

const SIGNS: Readonly<Record<TalosType, string>> = {
  talos: "certificates of all machines and of clients of the Talos API",
  kubernetes: "certificates of API servers, kubelets and clients of Kubernetes",
};

/** Capstan moves the machines itself, so none of them is waited for. */
export const AUTHORITY_TYPES: readonly AuthorityType[] = TALOS_TYPES.map((name) => ({
  name,
  signs: SIGNS[name],
  reportedByComponents: false,
  signsFromInit: false,
}));
