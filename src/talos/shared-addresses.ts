import { canonicalAddress } from "./machine-address.ts";
import { parseDocuments } from "./machine-config.ts";

/** Addresses of a cluster that are nobody's own (talos#10357). */
export interface SharedAddresses {
  /** They move from one control plane to another. */
  readonly virtual: readonly string[];
  /** Host of the Kubernetes endpoint: a virtual address, a load balancer, or the one control plane there is. */
  readonly endpoint: string | null;
}

/** In both layouts: fields of the v1alpha1 document, and documents of their own since 1.12 and 1.14. */
export function sharedAddresses(config: string): SharedAddresses {
  const virtual: unknown[] = [];
  let endpoint: string | null = null;
  for (const document of parseDocuments(config)) {
    const value = document.toJS() as unknown;
    const kind = at(value, "kind");
    if (typeof kind === "string") {
      // Layer2VIPConfig, HCloudVIPConfig: the address is the name.
      if (kind.endsWith("VIPConfig")) virtual.push(at(value, "name"));
      if (kind === "KubeClusterConfig") endpoint = hostOf(at(value, "endpoint"));
      continue;
    }
    endpoint ??= hostOf(at(at(at(value, "cluster"), "controlPlane"), "endpoint"));
    for (const one of list(at(at(at(value, "machine"), "network"), "interfaces"))) {
      for (const link of [one, ...list(at(one, "vlans"))]) virtual.push(at(at(link, "vip"), "ip"));
    }
  }
  const known = virtual.filter((one): one is string => typeof one === "string");
  return { virtual: known.map(canonicalAddress), endpoint };
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function hostOf(url: unknown): string | null {
  return typeof url === "string" && URL.canParse(url) ? canonicalAddress(new URL(url).hostname) : null;
}
