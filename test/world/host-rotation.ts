import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { ClusterResource, DesiredState, RotationResource } from "../../src/resources/model/desired.ts";
import { DEFAULT_POLICY } from "../../src/resources/read/build.ts";
import type { HistoryFacts } from "../../src/rotation/history.ts";
import {
  type AuthorityKey,
  type Fingerprint,
  type LiveAuthority,
  type LiveComponent,
  NEVER_ROTATED,
} from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import type { OverrideReadings } from "../../src/teleport/overrides/read-cluster.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";

/**
 * A small world for tables: one cluster, a host CA that retires OLD and brings NEW, an auth server, a proxy and
 * three nodes. Every builder takes only what a test wants otherwise.
 */
export const NOW = Date.parse("2026-11-21T12:00:00Z");
export const CLUSTER = "acme.cluster";
export const OLD: Fingerprint = `sha256:${"0a".repeat(32)}`;
export const NEW: Fingerprint = `sha256:${"1b".repeat(32)}`;
export const OTHER: Fingerprint = `sha256:${"2c".repeat(32)}`;
const ID = "f708d2e6-ae73-4738-86b2-c282bab5e9e9";
/** When the row of a component runs out. */
const EXPIRES = new Date(NOW + 9 * 60_000).toISOString();

export function ago(minutes: number): string {
  return new Date(NOW - minutes * 60_000).toISOString();
}

export function key(fingerprint: Fingerprint, overrides: Partial<AuthorityKey> = {}): AuthorityKey {
  return {
    protocol: "tls",
    fingerprint,
    algorithm: "RSA 2048",
    storage: "software",
    material: "-----BEGIN CERTIFICATE-----",
    certificate: {
      subject: `O=${CLUSTER}`,
      issuer: `O=${CLUSTER}`,
      serial: "01",
      notBefore: "2026-01-01T00:00:00Z",
      notAfter: "2036-01-01T00:00:00Z",
    },
    ...overrides,
  };
}

/** The key sets of each phase (reference teleport-rotation 1.4). */
const KEYS: Readonly<Record<Phase, { active: readonly Fingerprint[]; trusted: readonly Fingerprint[] }>> = {
  standby: { active: [OLD], trusted: [] },
  init: { active: [OLD], trusted: [NEW] },
  update_clients: { active: [NEW], trusted: [OLD] },
  update_servers: { active: [NEW], trusted: [OLD] },
  rollback: { active: [OLD], trusted: [NEW] },
};

export function authority(phase: Phase, overrides: Partial<LiveAuthority> = {}): LiveAuthority {
  const inProgress = phase !== "standby";
  return {
    type: "host",
    cluster: CLUSTER,
    active: KEYS[phase].active.map((fingerprint) => key(fingerprint)),
    trusted: KEYS[phase].trusted.map((fingerprint) => key(fingerprint)),
    rotation: inProgress
      ? {
          ...NEVER_ROTATED,
          state: "in_progress",
          phase,
          mode: "manual",
          currentId: ID,
          started: ago(60),
          gracePeriod: "30h0m0s",
        }
      : NEVER_ROTATED,
    ...overrides,
  };
}

export function component(
  kind: LiveComponent["kind"],
  name: string,
  overrides: Partial<LiveComponent> = {},
): LiveComponent {
  return {
    kind,
    id: `id-of-${name}`,
    name,
    phase: "standby",
    currentId: null,
    version: "18.7.0",
    expires: EXPIRES,
    ...overrides,
  };
}

export const COMPONENT_NAMES = [
  ["auth_server", "turing"],
  ["proxy", "turing"],
  ["node", "node1"],
  ["node", "node2"],
  ["node", "node3"],
] as const;

export function components(phase: Phase): readonly LiveComponent[] {
  const currentId = phase === "standby" ? null : ID;
  return COMPONENT_NAMES.map(([kind, name]) => component(kind, name, { phase, currentId }));
}

export function observation(phase: Phase, overrides: Partial<ClusterObservation> = {}): ClusterObservation {
  return {
    cluster: CLUSTER,
    profile: TELEPORT,
    observedAt: new Date(NOW).toISOString(),
    versions: { client: "18.7.0", server: "18.7.0" },
    authorities: [authority(phase)],
    copies: [],
    components: components(phase),
    remoteClusters: [],
    credentials: { source: "ambient", path: null, problem: null, notAfter: null, trusts: [] },
    unread: [],
    ...overrides,
  };
}

export function cluster(policy: Partial<ClusterResource["policy"]> = {}): ClusterResource {
  return {
    name: CLUSTER,
    source: { file: "cluster.yaml", line: 1 },
    platform: "teleport",
    connection: { tctl: ["tctl"], authServer: null, identityFile: null },
    peers: [],
    policy: { ...DEFAULT_POLICY, soakMs: 0, ...policy },
  };
}

export function rotation(phase: Phase, overrides: Partial<RotationResource> = {}): RotationResource {
  return {
    name: "host-2026-11",
    source: { file: "rotation.yaml", line: 1 },
    cluster: CLUSTER,
    authorities: [{ type: "host", retire: [OLD] }],
    phase,
    strategy: "step",
    mode: "manual",
    acknowledge: [],
    waive: [],
    resume: null,
    contentHash: `content-${phase}`,
    ...overrides,
  };
}

export function desired(
  rotations: readonly RotationResource[],
  policy: Partial<ClusterResource["policy"]> = {},
): DesiredState {
  return { clusters: [cluster(policy)], authorities: [], rotations, overrides: [] };
}

/** Capstan itself asked for the rollback, out of the init that it saw. */
export const OUT_OF_INIT = { from: "init", current_id: ID, active: [OLD], at: ago(20) } as const;

const REACHED: Readonly<Record<Phase, readonly Phase[]>> = {
  standby: [],
  init: ["init"],
  update_clients: ["init", "update_clients"],
  update_servers: ["init", "update_clients", "update_servers"],
  rollback: ["init", "rollback"],
};

/** What capstan remembers of a rotation that it started itself and that has reached `phase`; rollback out of init. */
export function memory(phase: Phase, overrides: Partial<RotationRecord> = {}): RotationRecord {
  const walked = REACHED[phase];
  return {
    name: "host-2026-11",
    authority: "host",
    state: "open",
    current_id: ID,
    previous_id: null,
    retire: [OLD],
    introduced: [NEW],
    started_at: ago(60),
    ended_at: null,
    backup: { at: ago(60), where: ".capstan/backup" },
    roster: COMPONENT_NAMES.map(([kind, name]) => ({ kind, id: `id-of-${name}`, name })),
    phases: walked.map((name) => ({ phase: name, since: ago(45), verified_at: ago(40) })),
    requested: null,
    contents: walked.map((name) => `content-${name}`),
    reason: null,
    ...(phase === "rollback" ? { turned_back: OUT_OF_INIT } : {}),
    ...overrides,
  };
}

/** Somebody looked, and nothing is overridden. */
export const NO_OVERRIDES: OverrideReadings = new Map([
  [CLUSTER, { state: "known", note: null, spiffeIssuer: false, pairs: new Map() }],
]);

/** What git says where a commit took the resource of a rotation out since the last run. */
export function historyWithout(authority: string, retired: Fingerprint, head: string): HistoryFacts {
  return {
    head,
    applied: { commit: "b".repeat(40), at: ago(60) },
    relation: "descendant",
    why: null,
    deletions: [{ authority, retire: [retired], commit: head, file: "rotations/host-2026-11.yaml" }],
    proposal: false,
  };
}
