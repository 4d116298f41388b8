import type { ConnectedAgent, Fingerprint } from "../../rotation/observation.ts";
import type { TeleportKind } from "../../teleport/component-kinds.ts";

/** What is read from the text of `tctl status`; every era has these three (reference teleport-rotation 4.5). */
export interface Status {
  readonly cluster: string | null;
  readonly version: string | null;
  /** Of the active host key first. Before about v9 only that one. */
  readonly pins: readonly Fingerprint[];
}

/** `Cluster X` in v4 to v16, `Cluster: X` from v17. */
export function readStatus(text: string): Status {
  return {
    cluster: /^\s*Cluster:?\s+(\S+)/m.exec(text)?.[1] ?? null,
    version: /^\s*Version:?\s+v?(\d\S*)/m.exec(text)?.[1] ?? null,
    pins: [...text.matchAll(/sha256:[0-9a-f]{64}/g)].map(([pin]) => pin as Fingerprint),
  };
}

/** `Teleport v18.7.0 git:… go1.x`, `Teleport Enterprise v…` (4.6). `null` when it says something else. */
export function readVersion(text: string): string | null {
  return /\bTeleport\s+(?:\w+\s+)?v(\d\S*)/.exec(text)?.[1] ?? null;
}

/**
 * The table of `tctl inventory status --connected`: id, services, version (recordings/teleport-11.1). `null` when it is
 * another table, which says nothing of who is connected.
 */
export function readInventory(text: string): readonly ConnectedAgent[] | null {
  const lines = text.split("\n");
  const header = lines.findIndex((line) => /^Server ?ID\s+Services\b/.test(line));
  if (header < 0) return null;
  return lines.slice(header + 2).flatMap((line) => {
    const [, id, services] = /^(\S+)\s+(\S+)/.exec(line) ?? [];
    if (id === undefined || services === undefined) return [];
    return [{ id, kinds: services.split(",").flatMap((service) => KIND_OF_SERVICE.get(service) ?? []) }];
  });
}

/** What the inventory calls what components serve; others (WindowsDesktop, Discovery) report no rotation anywhere. */
const KIND_OF_SERVICE: ReadonlyMap<string, TeleportKind> = new Map([
  ["Auth", "auth_server"],
  ["Proxy", "proxy"],
  ["Node", "node"],
  ["App", "app_server"],
  ["Db", "db_server"],
  ["Kube", "kube_server"],
]);
