import { pinsOf, type StoredAuthority } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";
import { asciiTable, humanTime } from "./go-print.ts";
import type { KeyGeneration } from "./keys.ts";
import type { RotationState } from "./rotation-machine.ts";

/**
 * `tctl status`, as recorded for v5 and v11, and as in reference 4.5 for v17 and later. `detailed`: with `--debug`, which
 * shows more of a schedule in v11.
 */
export function statusText(cluster: TeleportCluster, detailed: boolean): string {
  const authorities = cluster.authorities.types.flatMap((type) => cluster.authorities.cached(type) ?? []);
  return cluster.options.dialect === "v18"
    ? table(cluster, authorities)
    : headless(cluster, authorities, detailed);
}

function headless(
  cluster: TeleportCluster,
  authorities: readonly StoredAuthority[],
  detailed: boolean,
): string {
  const isOldest = cluster.options.dialect === "v5";
  const host = authorities.find(({ type }) => type === "host");
  return asciiTable([
    ["Cluster", cluster.options.name],
    ["Version", cluster.options.version],
    ...authorities.map(({ type, rotation }) => [
      // The blank at the end is theirs; it widens the column.
      `${isOldest ? titleCase(type) : type} CA `,
      `${rotationWords(rotation)}${detailed && !isOldest ? scheduleWords(rotation) : ""}`,
    ]),
    ...pinsOf([...(host?.active ?? []), ...(host?.trusted ?? [])])
      .slice(0, isOldest ? 1 : undefined)
      .map((pin) => ["CA pin", pin]),
  ]);
}

function scheduleWords(rotation: RotationState | null): string {
  const at = (ms: number | undefined) => humanTime(ms ?? Date.UTC(1, 0, 1), false);
  const { update_servers, standby } = rotation?.schedule ?? {};
  return `, update_servers: ${at(update_servers)}, complete: ${at(standby)}`;
}

function rotationWords(rotation: RotationState | null): string {
  if (rotation === null) return "never updated";
  if (rotation.state === "standby") {
    return rotation.lastRotated === null
      ? "never updated"
      : `rotated ${humanTime(rotation.lastRotated, false)}`;
  }
  const words = {
    standby: "standby",
    init: "initialized",
    update_clients: "rotating clients",
    update_servers: "rotating servers",
    rollback: "rolling back",
  }[rotation.phase];
  const started = humanTime(rotation.started ?? 0, false);
  const ending = humanTime(rotation.schedule?.standby ?? 0, false);
  return `${words} (mode: ${rotation.mode}, started: ${started}, ending: ${ending})`;
}

function table(cluster: TeleportCluster, authorities: readonly StoredAuthority[]): string {
  const host = authorities.find(({ type }) => type === "host");
  const allPins = host === undefined ? [] : pinsOf([...host.active, ...host.trusted]);
  const rows = authorities.flatMap((authority) =>
    [
      ...authority.active.flatMap((key) => keyRows(key, "active")),
      ...authority.trusted.flatMap((key) => keyRows(key, "trusted")),
    ].map((row, index) =>
      index === 0 ? [authority.type, rotationText(authority.rotation), ...row] : ["", "", ...row],
    ),
  );
  return (
    `Cluster: ${cluster.options.name}\n` +
    `Version: ${cluster.options.version}\n` +
    `CA pins: ${allPins.join("\n         ")}\n\n` +
    asciiTable(rows, ["authority", "rotation", "protocol", "status", "algorithm", "storage"])
  );
}

function rotationText(rotation: RotationState | null): string {
  if (rotation === null) return "standby (never rotated)";
  if (rotation.state === "standby") {
    return rotation.lastRotated === null
      ? "standby (never rotated)"
      : `standby (last rotated: ${humanTime(rotation.lastRotated, true)})`;
  }
  if (rotation.mode !== "auto") return `in progress (mode: manual, phase: ${rotation.phase})`;
  const started = humanTime(rotation.started ?? 0, true);
  const ending = humanTime(rotation.schedule?.standby ?? 0, true);
  return `in progress (mode: automatic, phase: ${rotation.phase}, started: ${started}, ending: ${ending})`;
}

function keyRows(key: KeyGeneration, status: "active" | "trusted"): readonly (readonly string[])[] {
  const row = (protocol: string, algorithm: string) => [protocol, status, algorithm, key.storage];
  return [
    ...(key.ssh === null ? [] : [row("SSH", key.ssh.algorithm)]),
    ...(key.jwt === null ? [] : [row("JWT", key.jwt.algorithm)]),
    ...(key.tls === null ? [] : [row("TLS", key.tls.algorithm)]),
  ];
}

function titleCase(type: string): string {
  return `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
}
