import { apiSpelling } from "../../profile/authority-type.ts";
import { formatDuration } from "../../resources/model/duration.ts";
import type { Phase } from "../../rotation/phase.ts";
import { LISTINGS, type TeleportKind } from "../../teleport/component-kinds.ts";
import type { TeleportConnection } from "../../teleport/resources/connection.ts";

/**
 * Every command line that capstan gives to `tctl`, and no other (references are to teleport-rotation):
 *
 * - a transition always carries `--manual` and `--type`: without `--manual` the rotation turns automatic, and
 *   with the schedule of a manual init long expired it would run to the end within a minute (1.7);
 * - but for the start of a rotation that git wants automatic: it has no phase, as one makes it a step (1.2);
 * - a grace period goes with that start alone, never 0, which is refused and was "force" once (1.2);
 * - a CA is never written back with `tctl create`, which replaces it without asking (4.3);
 * - an override is never written with `create -f`, which skips every check of the server.
 */

/** One kind a call: several kinds in one call work only in YAML (4.1). */
export function getCommand(connection: TeleportConnection, resource: string): readonly string[] {
  return [...withConnection(connection), "get", resource, "--format=json"];
}

/** All CAs, local and remote. The full name works in every version, unlike `cert_authority/TYPE` (4.2). */
export function getAuthoritiesCommand(connection: TeleportConnection): readonly string[] {
  return getCommand(connection, "cert_authority");
}

/** The private halves too: for a backup that is sealed, never for a decision (4.3). */
export function getSecretsCommand(connection: TeleportConnection): readonly string[] {
  return [...getAuthoritiesCommand(connection), "--with-secrets"];
}

/** Text on purpose: `--format` came with v19 (4.5). */
export function statusCommand(connection: TeleportConnection): readonly string[] {
  return [...withConnection(connection), "status"];
}

/** Needs no login (4.6). */
export function versionCommand(connection: TeleportConnection): readonly string[] {
  return [...connection.tctl, "version"];
}

/** One phase of a rotation by hand. */
export function rotateCommand(
  connection: TeleportConnection,
  authority: string,
  phase: Phase,
): readonly string[] {
  // `rotate` wants `db_client`; `db-client` is for `auth export` and fails here (2.1, the spelling trap).
  const type = apiSpelling(authority);
  return [...withConnection(connection), "auth", "rotate", "--manual", `--type=${type}`, `--phase=${phase}`];
}

/** Without `--manual` and without a phase: mode auto, from init on (1.2). */
export function startAutomaticCommand(
  connection: TeleportConnection,
  authority: string,
  gracePeriodMs: number,
): readonly string[] {
  const type = apiSpelling(authority);
  const period = `--grace-period=${formatDuration(gracePeriodMs)}`;
  return [...withConnection(connection), "auth", "rotate", `--type=${type}`, period];
}

/**
 * Every name that a release gave each kind in `tctl get`, the newest first (3.1, recordings/teleport-11.1: `db_server`
 * without an s): a tctl that does not know one is asked with the next.
 */
export const RESOURCE_NAMES: Readonly<Record<TeleportKind, readonly [string, ...string[]]>> = {
  auth_server: [LISTINGS.auth_server, "auth_server"],
  proxy: [LISTINGS.proxy, "proxy"],
  node: [LISTINGS.node, "node"],
  app_server: [LISTINGS.app_server, "app_server"],
  db_server: [LISTINGS.db_server, "db_server"],
  kube_server: [LISTINGS.kube_server, "kube_server", "kube_services", "kube_service"],
  windows_desktop_service: [LISTINGS.windows_desktop_service, "windows_desktop_services", "windows_service"],
};

/** The rows of application agents where `get` knows none of their names (recordings/teleport-11.1). */
export function appsCommand(connection: TeleportConnection): readonly string[] {
  return [...withConnection(connection), "apps", "ls", "--format=json"];
}

/** Who holds a control stream open, whatever the listings say; without a phase (recordings/teleport-11.1). */
export function inventoryCommand(connection: TeleportConnection): readonly string[] {
  return [...withConnection(connection), "inventory", "status", "--connected"];
}

/** The listing of leafs that a root knows. */
export const REMOTE_CLUSTERS = "remote_clusters";

/** All of a cluster's overrides; JSON, as the text form does not show which are enabled (overrides 1). */
export const CA_OVERRIDES = "ca_overrides";

/** The older mechanism, for SPIFFE only (RFD 0194). */
export const SPIFFE_ISSUER_OVERRIDES = "workload_identity_x509_issuer_override";

/** Sub-commands about override entries (overrides 3); 18.9.0 has only the first. */
export type OverrideCommand =
  | "create-override-csr"
  | "create-override"
  | "update-override"
  | "delete-override";

/** Whether a tctl has a sub-command is found out by asking for its help, never from its version (overrides 4). */
export function overrideHelpCommand(
  connection: TeleportConnection,
  command: OverrideCommand,
): readonly string[] {
  return [...connection.tctl, "auth", command, "--help"];
}

/** One of the commands of `tctl auth` about overrides. */
export function overrideCommand(
  connection: TeleportConnection,
  command: OverrideCommand,
  type: string,
  rest: readonly string[],
): readonly string[] {
  return [...withConnection(connection), "auth", command, `--type=${apiSpelling(type)}`, ...rest];
}

/** For an override that does not exist yet. Never with -f, which skips every check (overrides 1). */
export function createCommand(connection: TeleportConnection, file: string): readonly string[] {
  return [...withConnection(connection), "create", file];
}

/** `tctl edit` of an override, for what no call can say. */
export function editOverrideCommand(connection: TeleportConnection, type: string): readonly string[] {
  return [...withConnection(connection), "edit", `${CA_OVERRIDES}/${apiSpelling(type)}`];
}

function withConnection({ tctl, identityFile, authServer }: TeleportConnection): readonly string[] {
  return [
    ...tctl,
    ...(identityFile === null ? [] : ["-i", identityFile]),
    ...(authServer === null ? [] : ["--auth-server", authServer]),
  ];
}
