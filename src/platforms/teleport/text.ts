import { stripVTControlCharacters } from "node:util";
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

/** Reads a table while it is printed: of a million agents it is 80 MB. */
export interface InventoryReader {
  push(chunk: Uint8Array): void;
  /** `null` when it was another table, which says nothing of who is connected. */
  end(): readonly ConnectedAgent[] | null;
}

/** Id and services are the beginning of a line. */
const LINE_CHARACTERS = 4096;

/** The table of `tctl inventory status --connected`: id, services, version (recordings/teleport-11.1). */
export function inventoryReader(): InventoryReader {
  const agents: ConnectedAgent[] = [];
  const decoder = new TextDecoder();
  const kindsOf = new Map<string, readonly TeleportKind[]>();
  let last = "";
  /** Lines that follow the header; the first one is drawn below it. */
  let below: number | null = null;

  function read(line: string): void {
    if (below === null) {
      if (/^Server ?ID\s+Services\b/.test(line)) below = 0;
      return;
    }
    below += 1;
    const [, id, services] = /^(\S+)\s+(\S+)/.exec(line) ?? [];
    if (below === 1 || id === undefined || services === undefined) return;
    const kinds =
      kindsOf.get(services) ?? services.split(",").flatMap((service) => KIND_OF_SERVICE.get(service) ?? []);
    kindsOf.set(services, kinds);
    agents.push({ id, kinds });
  }

  return {
    push(chunk) {
      const lines = (last + decoder.decode(chunk, { stream: true })).split("\n");
      last = (lines.pop() ?? "").slice(0, LINE_CHARACTERS);
      for (const line of lines) read(stripVTControlCharacters(line));
    },
    end() {
      read(stripVTControlCharacters(last + decoder.decode()));
      return below === null ? null : agents;
    },
  };
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
