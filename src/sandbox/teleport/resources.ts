import type { KeyObject } from "node:crypto";
import { formatDuration } from "../go-duration.ts";
import type { Agent } from "./agent.ts";
import type { AgentlessNode, TeleportCluster } from "./cluster.ts";
import type { ComponentRole } from "./component-role.ts";
import { goTime, unixNano, ZERO_TIME } from "./go-print.ts";
import { type KeyGeneration, privatePem } from "./keys.ts";
import type { ListedAuthority } from "./listed-authorities.ts";
import type { Dialect, RotationState } from "./rotation.ts";
import type { TrustLink } from "./trust-link.ts";

/**
 * Resources as `tctl get` shows them: plain objects with their fields in Go's order (reference 4.3, 4.4;
 * recordings for v5). Undefined fields are left out.
 */
export type Resource = Readonly<Record<string, unknown>>;

export function authorityResource(
  { authority, owner, copied }: ListedAuthority,
  dialect: Dialect,
  withSecrets: boolean,
): Resource {
  const rotation =
    authority.rotation === null ? undefined : rotationResource(authority.rotation, dialect, false);
  // Nobody but the owner has the private halves.
  const shown = withSecrets && !copied;
  const roleMap = copied && authority.type === "user" ? ROLE_MAP : undefined;
  if (dialect === "v5") {
    const keys = [...authority.active, ...authority.trusted];
    return {
      kind: "cert_authority",
      version: "v2",
      metadata: { name: owner, id: unixNano(authority.writtenAt) },
      spec: {
        type: authority.type,
        cluster_name: owner,
        checking_keys: keys.flatMap(({ ssh }) => (ssh === null ? [] : [base64(ssh.line)])),
        signing_keys: shown
          ? keys.flatMap(({ ssh }) => (ssh === null ? [] : [base64(privatePem(ssh.privateKey))]))
          : undefined,
        role_map: roleMap,
        tls_key_pairs: keys.flatMap((key) => tlsPair(key, shown)),
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
    metadata: { name: owner, revision: authority.revision },
    spec: {
      type: authority.type,
      cluster_name: owner,
      role_map: roleMap,
      rotation,
      active_keys: keySet(authority.active, shown),
      additional_trusted_keys: keySet(authority.trusted, shown),
    },
  };
}

/** Whom of the root the leaf lets in, as what. */
const ROLE_MAP = [{ remote: "admin", local: ["admin"] }];

/** The root's view of its leaf. `online` is what it says whatever happens (recordings/README). */
export function remoteClusterResource({ leaf, lastHeartbeat }: TrustLink): Resource {
  return {
    kind: "remote_cluster",
    version: "v3",
    metadata: { name: leaf.options.name },
    status: { connection: "online", last_heartbeat: goTime(lastHeartbeat) },
  };
}

/** The leaf's side of the trust. */
export function trustedClusterResource({ root, established }: TrustLink): Resource {
  const proxy = root.agents.find((agent) => agent.spec.roles.includes("proxy"));
  const address = `127.0.0.1:${proxy?.port ?? 0}`;
  return {
    kind: "trusted_cluster",
    version: "v2",
    metadata: {
      name: root.options.name,
      id: root.options.dialect === "v5" ? unixNano(established) : undefined,
    },
    spec: {
      enabled: true,
      token: "",
      web_proxy_addr: address,
      tunnel_addr: address,
      role_map: ROLE_MAP,
    },
  };
}

/** It has no version, never expires, and its rotation stays empty for ever (reference 3.1). */
export function agentlessResource({ id, hostname, address }: AgentlessNode, dialect: Dialect): Resource {
  return {
    kind: "node",
    sub_kind: "openssh",
    version: "v2",
    metadata: { name: id },
    spec: { addr: address, hostname, rotation: rotationResource(null, dialect, true) },
  };
}

/** The rows of one process under one kind: one for itself, or one for each thing it serves. */
export function* agentResources(
  agent: Agent,
  role: ComponentRole,
  cluster: TeleportCluster,
): Iterable<Resource> {
  const { spec } = agent;
  const { dialect, clock, version } = cluster.options;
  const now = clock.now();
  const metadata = (name: string) => ({
    name,
    expires: goTime(now + agent.expiresInMs(now)),
    id: dialect === "v5" ? unixNano(agent.announcedAt(now)) : undefined,
  });
  const rotation = rotationResource(agent.rotation, dialect, true);
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
  const ssh = keys.flatMap((generation) =>
    generation.ssh === null
      ? []
      : [
          {
            public_key: base64(generation.ssh.line),
            private_key: withSecrets ? privateHalf(generation, generation.ssh.privateKey) : undefined,
            private_key_type: keyType(generation),
          },
        ],
  );
  const tls = keys.flatMap((key) => tlsPair(key, withSecrets));
  const jwt = keys.flatMap((generation) =>
    generation.jwt === null
      ? []
      : [
          {
            public_key: base64(generation.jwt.publicKey),
            private_key: withSecrets ? privateHalf(generation, generation.jwt.privateKey) : undefined,
            private_key_type: keyType(generation),
          },
        ],
  );
  return {
    ssh: ssh.length === 0 ? undefined : ssh,
    tls: tls.length === 0 ? undefined : tls,
    jwt: jwt.length === 0 ? undefined : jwt,
  };
}

function tlsPair(generation: KeyGeneration, withSecrets: boolean): readonly Resource[] {
  const { tls } = generation;
  if (tls === null) return [];
  return [
    {
      cert: base64(tls.certificate),
      key: withSecrets ? privateHalf(generation, tls.privateKey) : undefined,
      key_type: keyType(generation),
    },
  ];
}

/** The enum of Go, absent for software (reference 4.3). */
function keyType({ storage }: KeyGeneration): number | undefined {
  return storage === "software" ? undefined : 1;
}

/** What is in an HSM never leaves it: the resource only says where it is. */
function privateHalf({ holder }: KeyGeneration, key: KeyObject): string {
  return base64(holder === null ? privatePem(key) : `pkcs11:{"host_id":"auth server ${holder + 1}"}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
