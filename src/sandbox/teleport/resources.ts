import type { ComponentKind } from "../../rotation/observation.ts";
import type { Agent } from "./agent.ts";
import type { StoredAuthority } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";
import { formatDuration } from "./duration.ts";
import { goTime, unixNano, ZERO_TIME } from "./go-print.ts";
import { type KeyGeneration, privatePem } from "./keys.ts";
import type { Dialect, RotationState } from "./rotation.ts";

/**
 * Resources as `tctl get` shows them: plain objects with their fields in Go's order (reference 4.3, 4.4;
 * recordings for v5). Undefined fields are left out.
 */
export type Resource = Readonly<Record<string, unknown>>;

export function authorityResource(
  authority: StoredAuthority,
  cluster: TeleportCluster,
  withSecrets: boolean,
): Resource {
  const { name, dialect } = cluster.options;
  const rotation =
    authority.rotation === null ? undefined : rotationResource(authority.rotation, dialect, false);
  if (dialect === "v5") {
    const keys = [...authority.active, ...authority.trusted];
    return {
      kind: "cert_authority",
      version: "v2",
      metadata: { name, id: unixNano(authority.writtenAt) },
      spec: {
        type: authority.type,
        cluster_name: name,
        checking_keys: keys.flatMap(({ ssh }) => (ssh === null ? [] : [base64(ssh.line)])),
        signing_keys: withSecrets
          ? keys.flatMap(({ ssh }) => (ssh === null ? [] : [base64(privatePem(ssh.privateKey))]))
          : undefined,
        tls_key_pairs: keys.flatMap((key) => tlsPair(key, withSecrets)),
        rotation,
        // rsa2-512.
        signing_alg: 3,
      },
    };
  }
  return {
    kind: "cert_authority",
    sub_kind: authority.type,
    version: "v2",
    metadata: { name, revision: authority.revision },
    spec: {
      type: authority.type,
      cluster_name: name,
      rotation,
      active_keys: keySet(authority.active, withSecrets),
      additional_trusted_keys: keySet(authority.trusted, withSecrets),
    },
  };
}

/** The rows of one process under one kind: one for itself, or one for each thing it serves. */
export function* agentResources(
  agent: Agent,
  role: ComponentKind,
  cluster: TeleportCluster,
): Iterable<Resource> {
  const { spec } = agent;
  const { dialect, clock } = cluster.options;
  const now = clock.now();
  const metadata = (name: string) => ({
    name,
    expires: goTime(now + agent.expiresInMs(now)),
    id: dialect === "v5" ? unixNano(agent.announcedAt(now)) : undefined,
  });
  const rotation = rotationResource(agent.rotation, dialect, true);
  const version = versionsOf(dialect).server;
  const served = { version, hostname: spec.hostname, host_id: spec.hostId, rotation };
  switch (role) {
    case "auth_server":
    case "proxy":
    case "node":
      yield {
        kind: role,
        version: "v2",
        metadata: metadata(spec.hostId),
        spec: {
          addr: agent.port === null ? "" : `127.0.0.1:${agent.port}`,
          hostname: spec.hostname,
          ...(agent.port === null ? { use_tunnel: true } : {}),
          rotation,
          version,
        },
      };
      return;
    case "windows_desktop_service":
      // No rotation accessor exists in the Go type: not reported (reference 3.1).
      yield {
        kind: role,
        version: "v3",
        metadata: metadata(spec.hostId),
        spec: { addr: `127.0.0.1:${agent.port ?? 0}`, teleport_version: version, hostname: spec.hostname },
      };
      return;
    case "app_server":
      for (const name of spec.resources) {
        const app = {
          kind: "app",
          version: "v3",
          metadata: { name },
          spec: { uri: "http://127.0.0.1:3000" },
        };
        yield { kind: role, version: "v3", metadata: metadata(name), spec: { ...served, app } };
      }
      return;
    case "db_server":
      for (const name of spec.resources) {
        const database = {
          kind: "db",
          version: "v3",
          metadata: { name },
          spec: { protocol: "postgres", uri: "127.0.0.1:5432" },
        };
        yield { kind: role, version: "v3", metadata: metadata(name), spec: { ...served, database } };
      }
      return;
    case "kube_server":
      for (const name of spec.resources) {
        const kube = { kind: "kube_cluster", version: "v3", metadata: { name }, spec: {} };
        yield { kind: role, version: "v3", metadata: metadata(name), spec: { ...served, cluster: kube } };
      }
  }
}

export function versionsOf(dialect: Dialect): { readonly client: string; readonly server: string } {
  return dialect === "v5"
    ? { client: "5.0.0-dev", server: "5.0.0-dev" }
    : { client: "18.9.0", server: "18.9.0" };
}

/**
 * A rotation record. Strings are left out when empty, times never are. The struct of a listing row is not a
 * pointer in Go, so it is there even when nothing ever rotated (`inRow`).
 */
function rotationResource(
  rotation: RotationState | null,
  dialect: Dialect,
  inRow: boolean,
): Resource | undefined {
  if (rotation === null && !inRow) return undefined;
  return {
    state: rotation?.state,
    phase: rotation?.phase,
    mode: rotation?.mode || undefined,
    current_id: rotation?.currentId ?? (dialect === "v5" ? "" : undefined),
    started: goTime(rotation?.started ?? null),
    grace_period: rotation === null ? undefined : formatDuration(rotation.gracePeriodMs),
    last_rotated: goTime(rotation?.lastRotated ?? null),
    schedule: {
      update_clients: rotation?.schedule ? goTime(rotation.schedule.update_clients) : ZERO_TIME,
      update_servers: rotation?.schedule ? goTime(rotation.schedule.update_servers) : ZERO_TIME,
      standby: rotation?.schedule ? goTime(rotation.schedule.standby) : ZERO_TIME,
    },
  };
}

function keySet(keys: readonly KeyGeneration[], withSecrets: boolean): Resource {
  const ssh = keys.flatMap(({ ssh: key }) =>
    key === null
      ? []
      : [
          {
            public_key: base64(key.line),
            private_key: withSecrets ? base64(privatePem(key.privateKey)) : undefined,
          },
        ],
  );
  const tls = keys.flatMap((key) => tlsPair(key, withSecrets));
  const jwt = keys.flatMap(({ jwt: key }) =>
    key === null
      ? []
      : [
          {
            public_key: base64(key.publicKey),
            private_key: withSecrets ? base64(privatePem(key.privateKey)) : undefined,
          },
        ],
  );
  return {
    ssh: ssh.length === 0 ? undefined : ssh,
    tls: tls.length === 0 ? undefined : tls,
    jwt: jwt.length === 0 ? undefined : jwt,
  };
}

function tlsPair({ tls }: KeyGeneration, withSecrets: boolean): readonly Resource[] {
  if (tls === null) return [];
  return [
    {
      cert: base64(tls.certificate),
      key: withSecrets ? base64(privatePem(tls.privateKey)) : undefined,
    },
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
