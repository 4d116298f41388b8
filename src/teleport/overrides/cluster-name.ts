import { type DistinguishedName, ORGANIZATION, valuesOf } from "../../x509/distinguished-name.ts";

/** OID of Teleport's own attribute for the cluster name; wins over the organization (reference 2.4). */
export const CLUSTER_NAME = "1.3.9999.4.1";

/** The cluster that Teleport reads from a subject: its own attribute decides alone, else the first organization. */
export function clusterNameIn(subject: DistinguishedName): string | null {
  return valuesOf(subject, CLUSTER_NAME)[0] ?? valuesOf(subject, ORGANIZATION)[0] ?? null;
}
