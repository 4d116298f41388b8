import { describe, expect, it } from "vitest";
import type { CampaignView, MemberView } from "../../src/fleet/campaign-view.ts";
import { guardsOf, judgeAll } from "../../src/guards/chain.ts";
import type { ClusterObservation, GuardInput } from "../../src/profile/profile.ts";
import type { Backup, ClusterResource, Wave } from "../../src/resources/model/desired.ts";
import type { TrustConsumer } from "../../src/resources/model/trust-consumer.ts";
import type { CheckResult } from "../../src/rotation/check-result.ts";
import type {
  ConsumerObservation,
  Fingerprint,
  PinFile,
  Surroundings,
} from "../../src/rotation/observation.ts";
import type { Edge } from "../../src/rotation/phase.ts";
import type { GuardId } from "../../src/rotation/plan.ts";
import { type ClusterRecord, emptyRecord, type RotationRecord } from "../../src/rotation/record.ts";
import { commandIn } from "../../src/rotation/remedy-command.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import {
  ago,
  authority,
  CLUSTER,
  cluster,
  component,
  components,
  key,
  memory,
  NEW,
  NOW,
  OLD,
  OTHER,
  OUT_OF_INIT,
  observation,
  rotation,
} from "../world/host-rotation.ts";
import { ownCheck, result } from "../world/own-checks.ts";
import { verdictText } from "../world/verdict-text.ts";

interface Case {
  readonly guard: GuardId;
  readonly edge: Edge;
  /** CA type, host unless it says otherwise. */
  readonly type?: string;
  readonly declared?: readonly TrustConsumer[];
  readonly probed?: readonly ConsumerObservation[];
  readonly pinned?: readonly PinFile[];
  readonly unsearched?: Surroundings["unreadPins"];
  readonly observation?: Partial<ClusterObservation>;
  readonly record?: Partial<RotationRecord> | null;
  readonly policy?: Parameters<typeof cluster>[0];
  readonly backup?: ClusterResource["backup"];
  readonly held?: NonNullable<ClusterResource["hold"]>;
  readonly campaign?: Partial<Omit<CampaignView, "wave">> & { readonly wave?: Partial<Wave> | null };
  readonly checks?: ClusterResource["checks"];
  /** What the record knows of the cluster's checks. */
  readonly results?: readonly CheckResult[];
  readonly overrides?: ClusterRecord["overrides"];
  /** `null`: none is in git. */
  readonly rotation?: Parameters<typeof rotation>[1] | null;
  readonly ahead?: GuardInput["ahead"];
  /** `absent`: the guard has no say in this step. */
  readonly verdict: "pass" | "fail" | "unknown" | "absent";
  /** Subjects of the findings, and of those waived behind a `~`. */
  readonly about?: readonly string[];
}

const INIT_TO_CLIENTS: Edge = { from: "init", to: "update_clients" };
const CLIENTS_TO_SERVERS: Edge = { from: "update_clients", to: "update_servers" };
const TO_INIT: Edge = { from: "standby", to: "init" };
const INIT_LOOKED_AT: Edge = { from: "init", to: "init" };
const ROLLBACK_LOOKED_AT: Edge = { from: "rollback", to: "rollback" };
/** It swaps the keys in a rollback out of init, too. */
const TELEPORT_5 = { versions: { client: "5.0.0", server: "5.0.0" } } as const;
const INIT_BACK: Edge = { from: "init", to: "rollback" };
const OUT_OF_ROLLBACK: Edge = { from: "rollback", to: "standby" };

const member = (change: Partial<MemberView>): MemberView => ({
  cluster: "canary.cluster",
  wave: "canary",
  verified: {},
  wentBack: null,
  unread: null,
  ...change,
});
const without = (name: string) => components("init").filter((one) => one.name !== name);
const changed = (name: string, change: Parameters<typeof component>[2]) =>
  components("init").map((one) => (one.name === name ? { ...one, ...change } : one));
const auto = authority("init", { rotation: { ...authority("init").rotation, mode: "auto" } });
const user = { ...authority("init"), type: "user" };
const identity = {
  source: "identity-file",
  path: "id",
  problem: null,
  notAfter: ago(-600),
  trusts: [OLD, NEW],
} as const;
const everyDay = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const OPEN = { windows: [{ days: everyDay, from: "00:00", to: "24:00" }] };
/** In the minute before midnight only. */
const CLOSED = { windows: [{ days: everyDay, from: "23:59", to: "24:00" }] };
const halfWay = {
  ...authority("init"),
  rotation: { ...authority("init").rotation, towards: "update_clients" },
} as const;
const LOGIN = ownCheck("login");
const NODES_DENIED = [{ what: "nodes", problem: "access denied" }];
const nobodyMissing = {
  step: "host/adopt/roster-complete",
  who: "ada",
  note: null,
  evidence: null,
  at: null,
} as const;
const IN_THE_LOG = { guard: "checks", reason: "seen in the log", expires: ago(-60) } as const;
const accepted = { guard: "roster", subject: "node/node2", reason: "scrapped", expires: ago(-60) } as const;

const orders: TrustConsumer = {
  kind: "postgres",
  name: "orders-db",
  address: "db-1",
  serverName: null,
  deadlineMs: null,
};
const directory: TrustConsumer = {
  kind: "manual",
  name: "directory",
  instructions: "look at NTAuth",
  deadlineMs: null,
};
const knownHosts: TrustConsumer = {
  kind: "file",
  name: "clients",
  path: "known_hosts",
  deadlineMs: null,
};
const BOTH = { old: "yes", new: "yes" } as const;
const UNSEEN = { old: "unknown", new: "unknown" } as const;

function sees(
  consumer: TrustConsumer,
  type: string,
  uses: ConsumerObservation["uses"],
  trusts: ConsumerObservation["trusts"],
): ConsumerObservation {
  return { authority: type, consumer: consumer.name, kind: consumer.kind, uses, trusts, detail: "Seen." };
}

function stated(step: string) {
  return { acknowledge: [{ step, who: "ada", note: null, evidence: null, at: null }] };
}

const TRUST_BOTH = "db_client/init/trust-both";
/** Databases of db_client, between init and update_clients: the moment of the outage (reference 2.2). */
const databases = { guard: "trust-consumers", edge: INIT_TO_CLIENTS, type: "db_client" } as const;
const consumerCases: Readonly<Record<string, Case>> = {
  "nobody said a word about the databases": {
    ...databases,
    verdict: "fail",
    about: [`step/${TRUST_BOTH}`],
  },
  "a person says that the databases trust both": {
    ...databases,
    rotation: stated(TRUST_BOTH),
    verdict: "pass",
  },
  "a statement about a phase to come ticks nothing here, and is said in advance": {
    ...databases,
    rotation: stated("db_client/update_clients/test-connection"),
    verdict: "fail",
    about: [`step/${TRUST_BOTH}`, "step/db_client/update_clients/test-connection"],
  },
  "a statement about a phase before stays in git": {
    ...databases,
    edge: CLIENTS_TO_SERVERS,
    rotation: {
      acknowledge: [
        ...stated(TRUST_BOTH).acknowledge,
        ...stated("db_client/update_clients/test-connection").acknowledge,
      ],
    },
    verdict: "pass",
  },
  "a statement from an attempt before, or from before the start": {
    ...databases,
    edge: TO_INIT,
    rotation: stated(TRUST_BOTH),
    verdict: "fail",
    about: [`step/${TRUST_BOTH}`],
  },
  "nothing is stated before the start": { ...databases, edge: TO_INIT, verdict: "absent" },
  "statements in advance do not hold the way back": {
    ...databases,
    edge: INIT_BACK,
    rotation: stated("db_client/update_clients/test-connection"),
    verdict: "absent",
  },
  "every declared database was seen to trust both": {
    ...databases,
    declared: [orders],
    probed: [sees(orders, "db_client", "neither", BOTH)],
    verdict: "pass",
  },
  "one database was forgotten": {
    ...databases,
    declared: [orders],
    probed: [sees(orders, "db_client", "old", { old: "yes", new: "no" })],
    verdict: "fail",
    about: ["consumer/orders-db"],
  },
  "a statement does not outweigh what a probe saw": {
    ...databases,
    declared: [orders],
    probed: [sees(orders, "db_client", "old", { old: "yes", new: "no" })],
    rotation: stated(TRUST_BOTH),
    verdict: "fail",
    about: ["consumer/orders-db"],
  },
  "a waiver does, and shows": {
    ...databases,
    declared: [orders],
    probed: [sees(orders, "db_client", "old", { old: "yes", new: "no" })],
    rotation: {
      waive: [
        { guard: "trust-consumers", subject: "consumer/orders-db", reason: "scrapped", expires: ago(-60) },
      ],
    },
    verdict: "pass",
    about: ["~consumer/orders-db"],
  },
  "a database that does not answer takes a person": {
    ...databases,
    declared: [orders],
    probed: [sees(orders, "db_client", "unreachable", UNSEEN)],
    verdict: "fail",
    about: ["consumer/orders-db"],
  },
  "and a person is enough for it": {
    ...databases,
    declared: [orders],
    probed: [sees(orders, "db_client", "unreachable", UNSEEN)],
    rotation: stated(TRUST_BOTH),
    verdict: "pass",
  },
  "one that was not probed at all takes a person": {
    ...databases,
    declared: [orders],
    verdict: "fail",
    about: ["consumer/orders-db"],
  },
  "what no probe can see is asked for beside what it can": {
    ...databases,
    declared: [orders, directory],
    probed: [sees(orders, "db_client", "neither", BOTH), sees(directory, "db_client", "unknown", UNSEEN)],
    verdict: "fail",
    about: ["consumer/directory"],
  },
  "a server certificate of the old CA holds up db": {
    guard: "trust-consumers",
    edge: INIT_TO_CLIENTS,
    type: "db",
    declared: [orders],
    probed: [sees(orders, "db", "old", UNSEEN)],
    verdict: "fail",
    about: ["consumer/orders-db"],
  },
  "the host CA: what is outside of it may not exist": {
    guard: "trust-consumers",
    edge: INIT_TO_CLIENTS,
    verdict: "pass",
  },
  "the host CA: a known_hosts in git that lacks the new line": {
    guard: "trust-consumers",
    edge: INIT_TO_CLIENTS,
    declared: [knownHosts],
    probed: [sees(knownHosts, "host", "old", { old: "yes", new: "no" })],
    verdict: "fail",
    about: ["consumer/clients"],
  },
  "the host CA: a known_hosts says nothing of host certificates": {
    guard: "trust-consumers",
    edge: { from: "update_servers", to: "standby" },
    declared: [knownHosts],
    probed: [sees(knownHosts, "host", "both", BOTH)],
    verdict: "pass",
  },
  "the way into rollback is always open": { ...databases, edge: INIT_BACK, verdict: "absent" },
  "the way out of rollback waits for what has to be undone": {
    ...databases,
    edge: OUT_OF_ROLLBACK,
    verdict: "fail",
    about: ["step/db_client/rollback/remove-new"],
  },
  "before init there is nothing to do": { ...databases, edge: TO_INIT, verdict: "absent" },
  "a release before the split has no work for db_client": {
    ...databases,
    observation: { versions: { client: "14.0.0", server: "14.0.0" } },
    verdict: "pass",
  },
};

function listing(file: string, ...fingerprints: readonly Fingerprint[]): PinFile {
  return { file, pins: fingerprints.map((fingerprint, index) => ({ fingerprint, line: index + 1 })) };
}

const HSM = { storage: "PKCS#11 HSM" } as const;
const inHsm = (trusted: readonly Fingerprint[]) => ({
  authorities: [
    authority("init", {
      active: [key(OLD, HSM)],
      trusted: trusted.map((fingerprint) => key(fingerprint, HSM)),
    }),
  ],
  components: [...components("init"), component("auth_server", "lovelace", { phase: "init" })],
});
const SERVERS_TO_STANDBY: Edge = { from: "update_servers", to: "standby" };
const SEALED: Backup = { by: "seal", recipients: ["age1ada"] };
const signing = (...signedBy: readonly Fingerprint[]) => ({
  credentials: { ...identity, signedBy },
});
const keyCases: Readonly<Record<string, Case>> = {
  "a rotation that does not say in which mode it is": {
    guard: "mode",
    edge: INIT_TO_CLIENTS,
    observation: {
      authorities: [authority("init", { rotation: { ...authority("init").rotation, mode: null } })],
    },
    verdict: "unknown",
    about: ["authority/host"],
  },
  "dropping a user key, and nobody compared which one signed capstan's own identity": {
    guard: "credentials",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    observation: { credentials: identity },
    verdict: "unknown",
    about: ["identity/id"],
  },
  "two auth servers and one key of an HSM": {
    guard: "hsm-keys",
    edge: INIT_TO_CLIENTS,
    observation: inHsm([NEW]),
    verdict: "fail",
    about: ["authority/host"],
  },
  "two auth servers and a key of each": {
    guard: "hsm-keys",
    edge: INIT_TO_CLIENTS,
    observation: inHsm([NEW, OTHER]),
    verdict: "pass",
  },
  "a key of each of two auth servers that signs, a new one of one, and the other is off": {
    guard: "hsm-keys",
    edge: INIT_TO_CLIENTS,
    observation: {
      authorities: [
        authority("init", { active: [key(OLD, HSM), key(OTHER, HSM)], trusted: [key(NEW, HSM)] }),
      ],
      components: components("init"),
    },
    verdict: "fail",
    about: ["authority/host"],
  },
  "a TLS key of each of two auth servers, and an SSH key of one": {
    guard: "hsm-keys",
    edge: INIT_TO_CLIENTS,
    observation: {
      ...inHsm([]),
      authorities: [
        authority("init", {
          active: [key(OLD, HSM), key(OLD, { ...HSM, protocol: "ssh" })],
          trusted: [key(NEW, HSM), key(OTHER, HSM), key(NEW, { ...HSM, protocol: "ssh" })],
        }),
      ],
    },
    verdict: "fail",
    about: ["authority/host"],
  },
  "keys in an HSM and nobody knows how many servers": {
    guard: "hsm-keys",
    edge: INIT_TO_CLIENTS,
    observation: { ...inHsm([NEW]), components: [] },
    verdict: "unknown",
    about: ["authority/host"],
  },
  "a leaf that nobody can ask": {
    guard: "trusted-clusters",
    edge: INIT_TO_CLIENTS,
    observation: {
      remoteClusters: [{ name: "leaf.cluster", connection: "online", lastHeartbeat: ago(1) }],
    },
    verdict: "fail",
    about: ["cluster/leaf.cluster"],
  },
  "a file lists the old pin alone": {
    guard: "pins",
    edge: INIT_TO_CLIENTS,
    pinned: [listing("teleport.yaml", OLD), listing("helm/values.yaml", OLD, NEW)],
    verdict: "fail",
    about: ["file/teleport.yaml"],
  },
  "a file lists the new pin too early alone": {
    guard: "pins",
    edge: INIT_TO_CLIENTS,
    pinned: [listing("teleport.yaml", NEW)],
    verdict: "fail",
    about: ["file/teleport.yaml"],
  },
  "every file lists both pins": {
    guard: "pins",
    edge: CLIENTS_TO_SERVERS,
    pinned: [listing("teleport.yaml", OLD, NEW)],
    verdict: "pass",
  },
  "pins of something else": {
    guard: "pins",
    edge: CLIENTS_TO_SERVERS,
    pinned: [listing("teleport.yaml", OTHER)],
    verdict: "pass",
  },
  "pins are of the host CA": {
    guard: "pins",
    edge: INIT_TO_CLIENTS,
    type: "user",
    pinned: [listing("teleport.yaml", OLD)],
    verdict: "absent",
  },
  "pins before anything has begun": {
    guard: "pins",
    edge: { from: "standby", to: "init" },
    pinned: [listing("teleport.yaml", OLD)],
    verdict: "absent",
  },
  "pins on the way back": {
    guard: "pins",
    edge: INIT_BACK,
    pinned: [listing("teleport.yaml", OLD)],
    verdict: "absent",
  },
  "pins when the way back ends": {
    guard: "pins",
    edge: { from: "rollback", to: "standby" },
    pinned: [listing("teleport.yaml", OLD)],
    verdict: "absent",
  },
  "pins when a phase is only looked at": {
    guard: "pins",
    edge: { from: "init", to: "init" },
    pinned: [listing("teleport.yaml", OLD)],
    verdict: "absent",
  },
  "no file lists a pin": { guard: "pins", edge: INIT_TO_CLIENTS, pinned: [], verdict: "absent" },
  "absence is no evidence: a file that was not searched for pins": {
    guard: "pins",
    edge: INIT_TO_CLIENTS,
    unsearched: [{ file: "helm/all.yaml", problem: "is larger than 1 MiB" }],
    verdict: "unknown",
    about: ["file/helm/all.yaml"],
  },
  "a file that was not searched, beside one that lacks a pin": {
    guard: "pins",
    edge: INIT_TO_CLIENTS,
    pinned: [listing("teleport.yaml", OLD)],
    unsearched: [{ file: "helm/all.yaml", problem: "is larger than 1 MiB" }],
    verdict: "fail",
    about: ["file/teleport.yaml", "file/helm/all.yaml"],
  },
  "keys in software": { guard: "hsm-keys", edge: INIT_TO_CLIENTS, verdict: "absent" },
  "keys in an HSM on the way back": {
    guard: "hsm-keys",
    edge: INIT_BACK,
    observation: inHsm([NEW]),
    verdict: "absent",
  },
  "sessions of the old user CA may still run": {
    guard: "soak",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    policy: { maxSessionTtlMs: 12 * 3_600_000 },
    verdict: "fail",
    about: ["authority/user"],
  },
  "no session of the old user CA can run any more": {
    guard: "soak",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    policy: { maxSessionTtlMs: 45 * 60_000 },
    verdict: "pass",
  },
  "nobody knows since when the new user CA signs": {
    guard: "soak",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    record: { phases: [] },
    verdict: "unknown",
    about: ["authority/user"],
  },
  "sessions do not hold up the host CA": { guard: "soak", edge: SERVERS_TO_STANDBY, verdict: "absent" },
  "capstan's own certificate comes from the user CA that goes": {
    guard: "credentials",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    observation: signing(OLD),
    verdict: "fail",
    about: ["identity/id"],
  },
  "capstan's own certificate was issued anew": {
    guard: "credentials",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    observation: signing(NEW),
    verdict: "pass",
  },
  "the user CA keeps both keys before the end": {
    guard: "credentials",
    edge: CLIENTS_TO_SERVERS,
    type: "user",
    observation: signing(OLD),
    verdict: "pass",
  },
  "beginning drops no user key": {
    guard: "credentials",
    edge: TO_INIT,
    type: "user",
    observation: signing(OTHER),
    verdict: "pass",
  },
  "the end of the host CA says nothing of who signed the identity": {
    guard: "credentials",
    edge: SERVERS_TO_STANDBY,
    observation: signing(OLD),
    verdict: "pass",
  },
  "an identity that another user CA signed": {
    guard: "credentials",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    observation: signing(OTHER),
    verdict: "pass",
  },
  "what servers of another CA show is not dialled": {
    guard: "credentials",
    edge: CLIENTS_TO_SERVERS,
    type: "user",
    observation: { credentials: { ...identity, trusts: [OLD], signedBy: [NEW] } },
    verdict: "pass",
  },
  "leaving rollback drops the new user CA": {
    guard: "credentials",
    edge: OUT_OF_ROLLBACK,
    type: "user",
    observation: signing(NEW),
    verdict: "fail",
    about: ["identity/id"],
  },
};

/** Where a guard begins to have a say, and where it ends: each row is the neighbour of one above. */
const edgeCases: Readonly<Record<string, Case>> = {
  "held, where a phase is only looked at": {
    guard: "hold",
    edge: INIT_LOOKED_AT,
    held: { reason: "audit", until: null },
    verdict: "absent",
  },
  "held, and what was begun is finished": {
    guard: "hold",
    edge: INIT_TO_CLIENTS,
    observation: { authorities: [halfWay] },
    held: { reason: "audit", until: null },
    verdict: "absent",
  },
  "a hold that ends at this very moment": {
    guard: "hold",
    edge: INIT_TO_CLIENTS,
    held: { reason: "audit", until: ago(0) },
    verdict: "pass",
  },
  "a rotation does not stand in its own way": {
    guard: "exclusive",
    edge: INIT_TO_CLIENTS,
    verdict: "pass",
  },
  "another CA rests": {
    guard: "exclusive",
    edge: TO_INIT,
    observation: { authorities: [authority("standby"), { ...authority("standby"), type: "user" }] },
    verdict: "pass",
  },
  "another CA rotates, and this phase is only looked at": {
    guard: "exclusive",
    edge: INIT_LOOKED_AT,
    observation: { authorities: [authority("init"), user] },
    verdict: "absent",
  },
  "another CA's rotation ends in the same run, before this one": {
    guard: "exclusive",
    edge: TO_INIT,
    observation: { authorities: [authority("standby"), user] },
    ahead: [{ rotation: "user-2026-11", starts: [], ends: ["user"], step: "user-2026-11/standby" }],
    verdict: "pass",
  },
  "another CA's rotation begins in the same run, before this one": {
    guard: "exclusive",
    edge: TO_INIT,
    ahead: [{ rotation: "user-2026-11", starts: ["user"], ends: [], step: "user-2026-11/standby" }],
    verdict: "fail",
    about: ["authority/user"],
  },
  "nothing rotates: nothing is foreign": { guard: "foreign-rotation", edge: TO_INIT, verdict: "absent" },
  "the last step is under way, and the old key is gone already": {
    guard: "foreign-rotation",
    edge: { from: "update_servers", to: "standby" },
    observation: {
      authorities: [
        authority("update_servers", {
          trusted: [],
          rotation: { ...authority("update_servers").rotation, towards: "standby" },
        }),
      ],
    },
    verdict: "pass",
  },
  "a record that knows no new key accuses none": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    record: { introduced: [] },
    verdict: "pass",
  },
  "no record, and no rotation in git to compare with": {
    guard: "foreign-rotation",
    edge: INIT_BACK,
    record: null,
    rotation: null,
    verdict: "pass",
  },
  "no record, and a rotation of several: each CA has its own keys": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    record: null,
    rotation: {
      authorities: [
        { type: "user", retire: [OTHER] },
        { type: "host", retire: [OLD] },
      ],
    },
    verdict: "pass",
  },
  "no clock moves what does not rotate": { guard: "mode", edge: TO_INIT, verdict: "absent" },
  "auto that says when it drops the old key, and no rotation in git": {
    guard: "mode",
    edge: INIT_TO_CLIENTS,
    observation: {
      authorities: [
        authority("init", {
          rotation: {
            ...auto.rotation,
            schedule: { update_clients: ago(-600), update_servers: ago(-1200), standby: ago(-1800) },
          },
        }),
      ],
    },
    rotation: null,
    verdict: "fail",
    about: ["authority/host"],
  },
  "it does not say whether a clock moves it": {
    guard: "mode",
    edge: INIT_TO_CLIENTS,
    observation: {
      authorities: [authority("init", { rotation: { ...authority("init").rotation, mode: null } })],
    },
    verdict: "unknown",
    about: ["authority/host"],
  },
  "a phase that is only looked at is no move": {
    guard: "phase-order",
    edge: INIT_LOOKED_AT,
    verdict: "absent",
  },
  "an edge from the start that skips init": {
    guard: "phase-order",
    edge: { from: "standby", to: "update_clients" },
    verdict: "fail",
    about: ["authority/host"],
  },
  "who joined later is not on the roster": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: [...components("init"), component("node", "node4", { phase: "standby" })] },
    verdict: "pass",
  },
  "nobody knows who was there, and of those who are one lags": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    record: null,
    observation: { components: changed("node2", { phase: "standby" }) },
    verdict: "unknown",
    about: ["roster/host", "node/node2"],
  },
  "nobody knows who was there, at the last step": {
    guard: "roster",
    edge: { from: "update_servers", to: "standby" },
    record: null,
    verdict: "unknown",
    about: ["roster/host"],
  },
  "nobody knows who was there, in rollback": {
    guard: "roster",
    edge: ROLLBACK_LOOKED_AT,
    record: null,
    verdict: "unknown",
    about: ["roster/host"],
  },
  "nobody knows who was there, and rollback is left": {
    guard: "roster",
    edge: OUT_OF_ROLLBACK,
    record: null,
    verdict: "unknown",
    about: ["roster/host"],
  },
  "one lags, and no rotation in git says that it could be accepted": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: changed("node2", { phase: "standby" }) },
    rotation: null,
    verdict: "fail",
    about: ["node/node2"],
  },
  "before init, one that still says another phase is not silent": {
    guard: "roster",
    edge: TO_INIT,
    observation: {
      components: [...components("standby"), component("node", "node4", { phase: "update_servers" })],
    },
    verdict: "pass",
  },
  "a rollback that has the new key sign (Teleport 5) waits for who lags": {
    guard: "roster",
    edge: INIT_BACK,
    observation: { ...TELEPORT_5, components: changed("node2", { phase: "standby" }) },
    verdict: "fail",
    about: ["node/node2"],
  },
  "in rollback, after the new key signed, everybody followed": {
    guard: "roster",
    edge: ROLLBACK_LOOKED_AT,
    record: { turned_back: { ...OUT_OF_INIT, from: "update_clients" } },
    verdict: "pass",
  },
  "a rollback waits for no component": {
    guard: "components-ready",
    edge: INIT_BACK,
    observation: { components: changed("node2", { phase: "standby" }) },
    verdict: "absent",
  },
  "a rollback that has the new key sign (Teleport 5) waits for every component": {
    guard: "components-ready",
    edge: INIT_BACK,
    observation: { ...TELEPORT_5, components: changed("node2", { phase: "standby" }) },
    verdict: "fail",
    about: ["node/node2"],
  },
  "the end of a rollback before the new key signed waits for no component": {
    guard: "components-ready",
    edge: OUT_OF_ROLLBACK,
    observation: { components: components("init") },
    verdict: "absent",
  },
  "the end of a rollback after the new key signed waits for every component": {
    guard: "components-ready",
    edge: OUT_OF_ROLLBACK,
    record: { turned_back: { ...OUT_OF_INIT, from: "update_clients" } },
    observation: {
      components: components("rollback").map((one) =>
        one.name === "node2" ? { ...one, phase: "update_clients" as const } : one,
      ),
    },
    verdict: "fail",
    about: ["node/node2"],
  },
  "of a CA that no component reports": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    type: "user",
    verdict: "absent",
  },
  "a listing that has nothing to do with components": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { unread: [{ what: "remote_clusters", problem: "access denied" }] },
    verdict: "pass",
  },
  "a wave that has not begun, where a phase is only looked at": {
    guard: "wave",
    edge: INIT_LOOKED_AT,
    campaign: { before: [member({})] },
    verdict: "absent",
  },
  "a wave that waits, and what was begun is finished": {
    guard: "wave",
    edge: INIT_TO_CLIENTS,
    observation: { authorities: [halfWay] },
    campaign: { before: [member({})] },
    verdict: "absent",
  },
  "no waves at all": { guard: "wave", edge: TO_INIT, verdict: "absent" },
  "keys in HSMs, in a phase in which none are added": {
    guard: "hsm-keys",
    edge: CLIENTS_TO_SERVERS,
    observation: {
      authorities: [authority("update_clients", { active: [key(NEW, HSM)], trusted: [key(OLD, HSM)] })],
    },
    verdict: "absent",
  },
};

const CASES: Readonly<Record<string, Case>> = {
  ...consumerCases,
  ...keyCases,
  ...edgeCases,
  "a legal edge": { guard: "phase-order", edge: INIT_TO_CLIENTS, verdict: "pass" },
  "an edge that skips a phase": {
    guard: "phase-order",
    edge: { from: "init", to: "standby" },
    verdict: "fail",
    about: ["authority/host"],
  },
  "an edge backwards": {
    guard: "phase-order",
    edge: { from: "update_clients", to: "init" },
    verdict: "fail",
    about: ["authority/host"],
  },
  "a manual rotation": { guard: "mode", edge: INIT_TO_CLIENTS, verdict: "pass" },
  "somebody switched to auto (reference 1.7)": {
    guard: "mode",
    edge: INIT_TO_CLIENTS,
    observation: { authorities: [auto] },
    verdict: "fail",
    about: ["authority/host"],
  },
  "auto that git asks for": {
    guard: "mode",
    edge: INIT_TO_CLIENTS,
    observation: { authorities: [auto] },
    rotation: { mode: "auto" },
    verdict: "pass",
  },
  "auto does not hold up a rollback, which ends it": {
    guard: "mode",
    edge: INIT_BACK,
    observation: { authorities: [auto] },
    verdict: "absent",
  },
  "our own rotation": { guard: "foreign-rotation", edge: INIT_TO_CLIENTS, verdict: "pass" },
  "another id than the one that the record knows": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    record: { current_id: "another" },
    verdict: "fail",
    about: ["authority/host"],
  },
  "no record: the keys make it ours": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    record: null,
    verdict: "pass",
  },
  "no record, and the key to be retired is not in it": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    record: null,
    rotation: { authorities: [{ type: "host", retire: [OTHER] }] },
    verdict: "fail",
    about: [`key/${OTHER}`],
  },
  "a key that capstan did not bring": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    observation: { authorities: [authority("init", { trusted: [key(NEW), key(OTHER)] })] },
    verdict: "fail",
    about: [`key/${OTHER}`],
  },
  "the key that the record knows is not listed": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    observation: { authorities: [authority("init", { trusted: [] })] },
    verdict: "fail",
    about: [`key/${NEW}`],
  },
  "no record, and no key to come is listed": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    record: null,
    observation: { authorities: [authority("init", { trusted: [] })] },
    verdict: "fail",
    about: ["authority/host"],
  },
  "the way back asks for no key to come": {
    guard: "foreign-rotation",
    edge: INIT_BACK,
    observation: { authorities: [authority("init", { trusted: [] })] },
    verdict: "pass",
  },
  "an auth server's own key, to a CA in HSMs and in init (reference 1.9)": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    observation: inHsm([NEW, OTHER]),
    verdict: "pass",
  },
  "a key to a CA in HSMs, in the init of another rotation": {
    guard: "foreign-rotation",
    edge: INIT_TO_CLIENTS,
    observation: inHsm([NEW, OTHER]),
    record: { current_id: "another" },
    verdict: "fail",
    about: ["authority/host", `key/${OTHER}`],
  },
  "a key to a CA in HSMs after init": {
    guard: "foreign-rotation",
    edge: CLIENTS_TO_SERVERS,
    observation: {
      authorities: [authority("update_clients", { active: [key(NEW, HSM), key(OTHER, HSM)] })],
    },
    verdict: "fail",
    about: [`key/${OTHER}`],
  },
  "a foreign rotation is not rolled back either": {
    guard: "foreign-rotation",
    edge: INIT_BACK,
    record: { current_id: "another" },
    verdict: "fail",
    about: ["authority/host"],
  },
  "nothing else rotates": { guard: "exclusive", edge: TO_INIT, verdict: "pass" },
  "another CA rotates": {
    guard: "exclusive",
    edge: TO_INIT,
    observation: { authorities: [authority("standby"), user] },
    verdict: "fail",
    about: ["authority/user"],
  },
  "another CA rotates, and two may": {
    guard: "exclusive",
    edge: TO_INIT,
    observation: { authorities: [authority("standby"), user] },
    policy: { concurrentRotations: 2 },
    verdict: "pass",
  },
  "two other CAs rotate, and two may": {
    guard: "exclusive",
    edge: TO_INIT,
    observation: { authorities: [authority("standby"), user, { ...user, type: "jwt" }] },
    policy: { concurrentRotations: 2 },
    verdict: "fail",
    about: ["authority/user", "authority/jwt"],
  },
  "the pair that may rotate together rotates, and two may": {
    guard: "exclusive",
    edge: TO_INIT,
    observation: {
      authorities: [authority("standby"), { ...user, type: "db" }, { ...user, type: "db_client" }],
    },
    policy: { concurrentRotations: 2 },
    verdict: "pass",
  },
  "everybody on the roster is at the phase": { guard: "roster", edge: INIT_TO_CLIENTS, verdict: "pass" },
  "one vanished from the listing (reference 3.3)": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: without("node2") },
    verdict: "fail",
    about: ["node/node2"],
  },
  "one is a phase behind": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: changed("node2", { phase: "standby" }) },
    verdict: "fail",
    about: ["node/node2"],
  },
  "one is at the phase of another rotation (reference 3.2)": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: changed("node2", { currentId: "of last year" }) },
    verdict: "fail",
    about: ["node/node2"],
  },
  "one stopped announcing itself": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: changed("node2", { expires: ago(-2) }) },
    verdict: "fail",
    about: ["node/node2"],
  },
  "two with one name are told apart by id": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: changed("node2", { name: "node1", phase: "standby" }) },
    verdict: "fail",
    about: ["node/id-of-node2"],
  },
  "no roster: nobody knows": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    record: null,
    verdict: "unknown",
    about: ["roster/host"],
  },
  "no roster, and a person has compared: who is there now is the roster": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    record: null,
    rotation: { acknowledge: [nobodyMissing] },
    verdict: "pass",
  },
  "no roster, a person has compared, and one of who is there does not follow": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    record: { roster: null },
    rotation: { acknowledge: [nobodyMissing] },
    observation: { components: changed("node2", { phase: "standby" }) },
    verdict: "fail",
    about: ["node/node2"],
  },
  "no roster, and the statement is by nobody": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    record: null,
    rotation: { acknowledge: [{ ...nobodyMissing, who: "TODO" }] },
    verdict: "unknown",
    about: ["roster/host"],
  },
  "no roster, and the statement is about another CA": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    record: null,
    rotation: { acknowledge: [{ ...nobodyMissing, step: "user/adopt/roster-complete" }] },
    verdict: "unknown",
    about: ["roster/host"],
  },
  "no roster, and the statement is from before the rotation": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    record: { roster: null },
    rotation: { acknowledge: [{ ...nobodyMissing, at: "2020-01-01T00:00:00.000Z" }] },
    verdict: "unknown",
    about: ["roster/host"],
  },
  "a roster that was taken before init is not made shorter by a statement": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    rotation: { acknowledge: [nobodyMissing] },
    observation: { components: without("node2") },
    verdict: "fail",
    about: ["node/node2"],
  },
  "a listing that could not be read is no sign that its components are lost": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: {
      components: components("init").filter(({ kind }) => kind !== "node"),
      unread: NODES_DENIED,
    },
    verdict: "unknown",
    about: ["listing/nodes"],
  },
  "nor an excuse for one that is lost from another": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: {
      components: components("init").filter(({ kind }) => kind === "auth_server"),
      unread: NODES_DENIED,
    },
    verdict: "fail",
    about: ["proxy/turing", "listing/nodes"],
  },
  "before init, a listing that would be missed on the roster": {
    guard: "roster",
    edge: TO_INIT,
    record: null,
    observation: {
      components: components("standby").filter(({ kind }) => kind !== "node"),
      unread: NODES_DENIED,
    },
    verdict: "unknown",
    about: ["listing/nodes"],
  },
  "nothing has begun, so nothing was lost": {
    guard: "roster",
    edge: { from: "standby", to: "update_clients" },
    record: null,
    observation: { components: components("standby"), authorities: [authority("standby")] },
    verdict: "pass",
  },
  "a waiver lets one through": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: without("node2") },
    rotation: { waive: [accepted] },
    verdict: "pass",
    about: ["~node/node2"],
  },
  "a waiver that has expired does not": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: without("node2") },
    rotation: { waive: [{ ...accepted, expires: ago(1) }] },
    verdict: "fail",
    about: ["node/node2"],
  },
  "before init, one that is silent already": {
    guard: "roster",
    edge: TO_INIT,
    observation: { components: [...components("standby"), component("node", "node9", { expires: ago(-1) })] },
    verdict: "fail",
    about: ["node/node9"],
  },
  "rolling back waits for nobody (reference 1.10)": {
    guard: "roster",
    edge: INIT_BACK,
    observation: { components: [] },
    verdict: "absent",
  },
  "leaving rollback before the new key signed anything": {
    guard: "roster",
    edge: OUT_OF_ROLLBACK,
    record: {
      state: "rolling_back",
      phases: [{ phase: "init", since: ago(30), verified_at: null }],
      turned_back: OUT_OF_INIT,
    },
    observation: { components: [] },
    verdict: "absent",
  },
  "leaving rollback, and nobody knows what it led out of": {
    guard: "roster",
    edge: OUT_OF_ROLLBACK,
    record: {
      state: "rolling_back",
      phases: [{ phase: "init", since: ago(30), verified_at: null }],
      turned_back: null,
    },
    observation: { components: components("rollback").filter(({ name }) => name !== "node2") },
    verdict: "fail",
    about: ["node/node2"],
  },
  "leaving rollback after the new key signed": {
    guard: "roster",
    edge: OUT_OF_ROLLBACK,
    record: { state: "rolling_back", phases: memory("update_clients").phases },
    observation: { components: components("rollback").filter(({ name }) => name !== "node2") },
    verdict: "fail",
    about: ["node/node2"],
  },
  "a member whose row is gone while its agent reloads is connected, and unknown": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: without("node2"), connected: [{ id: "id-of-node2", kinds: ["node"] }] },
    verdict: "unknown",
    about: ["node/node2"],
  },
  "one that is away does not hide one that is gone": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: {
      components: without("node2").filter(({ name }) => name !== "node3"),
      connected: [{ id: "id-of-node2", kinds: ["node"] }],
    },
    verdict: "fail",
    about: ["node/node3", "node/node2"],
  },
  "who is connected as something else is no witness of a row that is gone": {
    guard: "roster",
    edge: INIT_TO_CLIENTS,
    observation: { components: without("node2"), connected: [{ id: "id-of-node2", kinds: ["db_server"] }] },
    verdict: "fail",
    about: ["node/node2"],
  },
  "a kind that cannot be listed and can exist is unknown": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { unlisted: [{ kind: "app_server", problem: "no listing" }] },
    verdict: "unknown",
    about: ["components/app_server/unlisted"],
  },
  "it is unknown before init, too": {
    guard: "components-ready",
    edge: TO_INIT,
    observation: { unlisted: [{ kind: "app_server", problem: "no listing" }] },
    verdict: "unknown",
    about: ["components/app_server/unlisted"],
  },
  "a person stated it, until the rotation ends": {
    guard: "components-ready",
    edge: CLIENTS_TO_SERVERS,
    observation: { unlisted: [{ kind: "app_server", problem: "no listing" }] },
    rotation: {
      acknowledge: [
        { step: "components/app_server/unlisted", who: "ada", note: null, evidence: null, at: ago(10) },
      ],
    },
    verdict: "pass",
  },
  "a statement of the rotation before is none": {
    guard: "components-ready",
    edge: CLIENTS_TO_SERVERS,
    observation: { unlisted: [{ kind: "app_server", problem: "no listing" }] },
    rotation: {
      acknowledge: [
        {
          step: "components/app_server/unlisted",
          who: "ada",
          note: null,
          evidence: null,
          at: ago(60 * 24 * 30),
        },
      ],
    },
    verdict: "unknown",
    about: ["components/app_server/unlisted"],
  },
  "who joined, is connected and in no listing is unknown": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: {
      connected: [
        { id: "id-of-node9", kinds: ["node"] },
        { id: "id-of-node1", kinds: ["node"] },
      ],
    },
    verdict: "unknown",
    about: ["agent/id-of-node9"],
  },
  "who is connected and reports nothing anywhere does not count": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { connected: [{ id: "id-of-desktops", kinds: [] }] },
    verdict: "pass",
  },
  "one of a kind that is accepted as unlisted hides nobody who is behind": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: {
      components: [...components("init"), component("node", "node9")],
      unlisted: [{ kind: "app_server", problem: "no listing" }],
    },
    rotation: {
      waive: [{ ...accepted, guard: "components-ready", subject: "components/app_server/unlisted" }],
    },
    verdict: "fail",
    about: ["node/node9", "~components/app_server/unlisted"],
  },
  "who is behind and what is unlisted are both told": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: {
      components: [...components("init"), component("node", "node9")],
      unlisted: [{ kind: "app_server", problem: "no listing" }],
    },
    verdict: "fail",
    about: ["node/node9", "components/app_server/unlisted"],
  },
  "a kind that cannot be listed is unknown where no rotation is in git, too": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { unlisted: [{ kind: "app_server", problem: "no listing" }] },
    rotation: null,
    verdict: "unknown",
    about: ["components/app_server/unlisted"],
  },
  "a newcomer reports a phase that nobody knows": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: {
      components: [...components("init"), component("node", "node9", { phase: "init", unclear: "paused" })],
    },
    verdict: "fail",
    about: ["node/node9"],
  },
  "who is on the roster, connected and in no listing is left to the roster": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { components: without("node2"), connected: [{ id: "id-of-node2", kinds: ["node"] }] },
    verdict: "pass",
  },
  "a rollback that is looked at after the new key signed has everybody looked at": {
    guard: "components-ready",
    edge: ROLLBACK_LOOKED_AT,
    record: { turned_back: { ...OUT_OF_INIT, from: "update_clients" } },
    observation: {
      components: components("rollback").map((one) =>
        one.name === "node2" ? { ...one, phase: "update_clients" as const } : one,
      ),
    },
    verdict: "fail",
    about: ["node/node2"],
  },
  "everybody alive is at the phase": { guard: "components-ready", edge: INIT_TO_CLIENTS, verdict: "pass" },
  "a newcomer is not at the phase": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { components: [...components("init"), component("node", "node9")] },
    verdict: "fail",
    about: ["node/node9"],
  },
  "an agentless server reports nothing (reference 3.1)": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { components: [...components("init"), component("node", "sshd", { phase: null })] },
    verdict: "pass",
  },
  "a listing that could not be read": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { unread: [{ what: "kube_servers", problem: "access denied" }] },
    verdict: "unknown",
    about: ["listing/kube_servers"],
  },
  "no auth server in the listing: it is filtered": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    observation: { components: components("init").filter(({ kind }) => kind !== "auth_server") },
    verdict: "unknown",
    about: ["listing/auth_servers"],
  },
  "tctl's own credentials are not ours to judge": { guard: "credentials", edge: TO_INIT, verdict: "absent" },
  "an identity that lives long enough": {
    guard: "credentials",
    edge: CLIENTS_TO_SERVERS,
    observation: { credentials: identity },
    verdict: "pass",
  },
  "an identity that cannot be read": {
    guard: "credentials",
    edge: TO_INIT,
    observation: { credentials: { ...identity, problem: "no such file", notAfter: null } },
    verdict: "unknown",
    about: ["identity/id"],
  },
  "an identity of which only a part can be read": {
    guard: "credentials",
    edge: TO_INIT,
    observation: { credentials: { ...identity, problem: "its key does not fit its certificate" } },
    verdict: "unknown",
    about: ["identity/id"],
  },
  "an identity about to expire, where nothing is asked for": {
    guard: "credentials",
    edge: { from: "init", to: "init" },
    observation: { credentials: { ...identity, notAfter: ago(-5) } },
    verdict: "absent",
  },
  "an identity about to expire": {
    guard: "credentials",
    edge: TO_INIT,
    observation: { credentials: { ...identity, notAfter: ago(-5) } },
    verdict: "fail",
    about: ["identity/id"],
  },
  "an identity from before init, where servers have shown the new key for a while": {
    guard: "credentials",
    edge: SERVERS_TO_STANDBY,
    observation: { credentials: { ...identity, trusts: [OLD] } },
    verdict: "pass",
  },
  "an identity lists no SSH keys": {
    guard: "credentials",
    edge: CLIENTS_TO_SERVERS,
    observation: {
      authorities: [
        authority("update_clients", {
          active: [key(NEW), key(OTHER, { protocol: "ssh" })],
          trusted: [key(OLD)],
        }),
      ],
      credentials: { ...identity, trusts: [OLD, NEW] },
    },
    verdict: "pass",
  },
  "an identity that both user CA keys signed": {
    guard: "credentials",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    observation: { credentials: { ...identity, signedBy: [OLD, NEW] } },
    verdict: "pass",
  },
  "an identity from before init, before servers show the new key": {
    guard: "credentials",
    edge: INIT_TO_CLIENTS,
    observation: { credentials: { ...identity, trusts: [OLD] } },
    verdict: "pass",
  },
  "an identity that ends within the time a phase may take": {
    guard: "credentials",
    edge: TO_INIT,
    policy: { phaseTimeoutMs: 3_600_000 },
    observation: { credentials: { ...identity, notAfter: ago(-59) } },
    verdict: "fail",
    about: ["identity/id"],
  },
  "an identity from before init would lock capstan out (reference 6.2)": {
    guard: "credentials",
    edge: CLIENTS_TO_SERVERS,
    observation: { credentials: { ...identity, trusts: [OLD] } },
    verdict: "fail",
    about: ["identity/id"],
  },
  "an older tctl, two major versions apart": {
    guard: "version",
    edge: TO_INIT,
    observation: { versions: { client: "16.0.0", server: "18.1.0" } },
    verdict: "fail",
    about: ["version/client"],
  },
  "a tctl that does not say its version": {
    guard: "version",
    edge: TO_INIT,
    observation: { versions: { client: "unknown", server: "18.1.0" } },
    verdict: "unknown",
    about: ["version/server"],
  },
  "versions on the way back": {
    guard: "version",
    edge: INIT_BACK,
    observation: { versions: { client: "16.0.0", server: "18.1.0" } },
    verdict: "absent",
  },
  "versions where a phase is only looked at": {
    guard: "version",
    edge: { from: "init", to: "init" },
    observation: { versions: { client: "16.0.0", server: "18.1.0" } },
    verdict: "absent",
  },
  "one major version apart": {
    guard: "version",
    edge: TO_INIT,
    observation: { versions: { client: "18.1.0", server: "17.7.1" } },
    verdict: "pass",
  },
  "two major versions apart": {
    guard: "version",
    edge: TO_INIT,
    observation: { versions: { client: "18.1.0", server: "16.0.0" } },
    verdict: "fail",
    about: ["version/client"],
  },
  "a release that breaks (#11134)": {
    guard: "version",
    edge: TO_INIT,
    observation: { versions: { client: "9.0.1", server: "9.0.1" } },
    verdict: "fail",
    about: ["version/server"],
  },
  "a server that does not say its version": {
    guard: "version",
    edge: TO_INIT,
    observation: { versions: { client: "18.1.0", server: null } },
    verdict: "unknown",
    about: ["version/server"],
  },
  "nobody looked at the overrides": {
    guard: "overrides",
    edge: INIT_TO_CLIENTS,
    type: "db_client",
    verdict: "unknown",
    about: ["override/db_client"],
  },
  "a CA that nobody can override": { guard: "overrides", edge: INIT_TO_CLIENTS, verdict: "absent" },
  "a key in wrong hands: the soak time of the policy for it": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 24 * 3_600_000, compromiseSoakMs: 0 },
    rotation: { reason: "compromise" },
    verdict: "absent",
  },
  "a key in wrong hands, and no policy for it: as long as ever": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 24 * 3_600_000 },
    rotation: { reason: "compromise" },
    verdict: "fail",
    about: ["authority/host"],
  },
  "a routine rotation knows no haste": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 24 * 3_600_000, compromiseSoakMs: 0 },
    verdict: "fail",
    about: ["authority/host"],
  },
  "a key in wrong hands: whoever is alive trusts the new one first all the same": {
    guard: "components-ready",
    edge: INIT_TO_CLIENTS,
    policy: { compromiseSoakMs: 0 },
    rotation: { reason: "compromise" },
    observation: { components: changed("node2", { phase: "standby" }) },
    verdict: "fail",
    about: ["node/node2"],
  },
  "a key in wrong hands: a freeze holds all the same": {
    guard: "window",
    edge: INIT_TO_CLIENTS,
    policy: {
      compromiseSoakMs: 0,
      freezes: [{ from: ago(60), to: ago(-60), reason: "holidays" }],
    },
    rotation: { reason: "compromise" },
    verdict: "fail",
    about: ["authority/host"],
  },
  "no soak time": { guard: "soak", edge: INIT_TO_CLIENTS, verdict: "absent" },
  "sessions of the old user CA hold up its end only": {
    guard: "soak",
    edge: CLIENTS_TO_SERVERS,
    type: "user",
    verdict: "absent",
  },
  "no session is waited for by policy": {
    guard: "soak",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    policy: { maxSessionTtlMs: 0 },
    verdict: "absent",
  },
  "no soak time before anything has begun": {
    guard: "soak",
    edge: TO_INIT,
    policy: { soakMs: 60 * 60_000 },
    verdict: "absent",
  },
  "no soak time where a phase is only looked at": {
    guard: "soak",
    edge: { from: "init", to: "init" },
    policy: { soakMs: 60 * 60_000 },
    verdict: "absent",
  },
  "the way back waits for no soak time": {
    guard: "soak",
    edge: INIT_BACK,
    policy: { soakMs: 60 * 60_000 },
    verdict: "absent",
  },
  "out of rollback neither": {
    guard: "soak",
    edge: OUT_OF_ROLLBACK,
    policy: { soakMs: 60 * 60_000 },
    verdict: "absent",
  },
  "the soak time is over at this moment": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 60_000 },
    record: { phases: [{ phase: "init", since: ago(1), verified_at: null }] },
    verdict: "pass",
  },
  "sessions have ended, and the phase has not lasted yet": {
    guard: "soak",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    policy: { maxSessionTtlMs: 45 * 60_000, soakMs: 5 * 3_600_000 },
    verdict: "fail",
    about: ["authority/user"],
  },
  "the last session of the old user CA ends at this moment": {
    guard: "soak",
    edge: SERVERS_TO_STANDBY,
    type: "user",
    policy: { maxSessionTtlMs: 60_000 },
    record: {
      phases: [
        { phase: "update_clients", since: ago(1), verified_at: null },
        { phase: "update_servers", since: ago(1), verified_at: null },
      ],
    },
    verdict: "pass",
  },
  "the soak time is over": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 30 * 60_000 },
    verdict: "pass",
  },
  "the soak time is not over": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 60 * 60_000 },
    verdict: "fail",
    about: ["authority/host"],
  },
  "nobody holds it": { guard: "hold", edge: INIT_TO_CLIENTS, verdict: "absent" },
  "the cluster is held": {
    guard: "hold",
    edge: INIT_TO_CLIENTS,
    held: { reason: "audit", until: ago(-60) },
    verdict: "fail",
    about: [`cluster/${CLUSTER}`],
  },
  "cluster and rotation are held, until somebody takes it out": {
    guard: "hold",
    edge: SERVERS_TO_STANDBY,
    held: { reason: "audit", until: null },
    rotation: { hold: { reason: "ask ada", until: null } },
    verdict: "fail",
    about: [`cluster/${CLUSTER}`, "rotation/host-2026-11"],
  },
  "a hold that is over": {
    guard: "hold",
    edge: TO_INIT,
    held: { reason: "audit", until: ago(1) },
    verdict: "pass",
  },
  "the way back is never held": {
    guard: "hold",
    edge: INIT_BACK,
    held: { reason: "audit", until: null },
    rotation: { hold: { reason: "ask ada", until: null } },
    verdict: "absent",
  },
  "the end of a rollback is not held either": {
    guard: "hold",
    edge: OUT_OF_ROLLBACK,
    held: { reason: "audit", until: null },
    verdict: "absent",
  },
  "no waves": { guard: "wave", edge: TO_INIT, verdict: "absent" },
  "in no wave": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { wave: null },
    verdict: "fail",
    about: [`cluster/${CLUSTER}`],
  },
  "nobody comes before": { guard: "wave", edge: TO_INIT, campaign: {}, verdict: "pass" },
  "the wave before has verified it": {
    guard: "wave",
    edge: INIT_TO_CLIENTS,
    campaign: { before: [member({ verified: { init: ago(90), update_clients: ago(60) } })] },
    verdict: "pass",
  },
  "the wave before is a phase behind": {
    guard: "wave",
    edge: INIT_TO_CLIENTS,
    campaign: { before: [member({ verified: { init: ago(90) } })] },
    verdict: "fail",
    about: ["wave/canary"],
  },
  "the wave before went back": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { before: [member({ verified: { init: ago(90) }, wentBack: "was rolled back (node2)" })] },
    verdict: "fail",
    about: ["cluster/canary.cluster"],
  },
  "the way back waits for no wave": {
    guard: "wave",
    edge: INIT_BACK,
    campaign: { wave: null, before: [member({})] },
    verdict: "absent",
  },
  "the wave pauses": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { wave: { pauseMs: 3_600_000 }, before: [member({ verified: { init: ago(59) } })] },
    verdict: "fail",
    about: ["wave/rest"],
  },
  "the pause is over": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { wave: { pauseMs: 3_600_000 }, before: [member({ verified: { init: ago(60) } })] },
    verdict: "pass",
  },
  "a record of the wave before cannot be read": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { before: [member({ unread: "no answer" })] },
    verdict: "unknown",
    about: ["cluster/canary.cluster"],
  },
  "all places are taken": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { places: { most: 2, taken: ["a", "b"], unread: null } },
    verdict: "fail",
    about: ["campaign/host-2026-11"],
  },
  "one of the places is its own": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { places: { most: 2, taken: ["a", CLUSTER], unread: null } },
    verdict: "pass",
  },
  "who has begun needs no place to go on": {
    guard: "wave",
    edge: INIT_TO_CLIENTS,
    campaign: { places: { most: 1, taken: ["a"], unread: null } },
    verdict: "pass",
  },
  "nobody knows who has a place": {
    guard: "wave",
    edge: TO_INIT,
    campaign: { places: { most: 1, taken: [], unread: "no answer" } },
    verdict: "unknown",
    about: ["campaign/host-2026-11"],
  },
  "no windows": { guard: "window", edge: INIT_TO_CLIENTS, verdict: "absent" },
  "within a change window": { guard: "window", edge: TO_INIT, policy: OPEN, verdict: "pass" },
  "outside of the change windows": {
    guard: "window",
    edge: TO_INIT,
    policy: CLOSED,
    verdict: "fail",
    about: ["authority/host"],
  },
  "in a freeze": {
    guard: "window",
    edge: INIT_TO_CLIENTS,
    policy: { ...OPEN, freezes: [{ from: ago(60), to: ago(-60), reason: "sale" }] },
    verdict: "fail",
    about: ["authority/host"],
  },
  "outside of the windows, accepted by review": {
    guard: "window",
    edge: INIT_TO_CLIENTS,
    policy: CLOSED,
    rotation: { waive: [{ ...accepted, guard: "window", subject: "authority/host" }] },
    verdict: "pass",
    about: ["~authority/host"],
  },
  "no window holds up the way back": { guard: "window", edge: INIT_BACK, policy: CLOSED, verdict: "absent" },
  "nor its end": { guard: "window", edge: OUT_OF_ROLLBACK, policy: CLOSED, verdict: "absent" },
  "nor a look at a phase that is reached": {
    guard: "window",
    edge: { from: "init", to: "init" },
    policy: CLOSED,
    verdict: "absent",
  },
  "what began within a window is finished": {
    guard: "window",
    edge: INIT_TO_CLIENTS,
    policy: CLOSED,
    observation: { authorities: [halfWay] },
    verdict: "absent",
  },
  "the CAs were kept before the rotation": { guard: "backup", edge: SERVERS_TO_STANDBY, verdict: "pass" },
  "nobody kept what the CAs were": {
    guard: "backup",
    edge: SERVERS_TO_STANDBY,
    record: { backup: null },
    verdict: "fail",
    about: ["authority/host"],
  },
  "the full state was to be kept, and only the public one was": {
    guard: "backup",
    edge: SERVERS_TO_STANDBY,
    backup: SEALED,
    verdict: "fail",
    about: ["authority/host"],
  },
  "the full state was to be kept, and was": {
    guard: "backup",
    edge: SERVERS_TO_STANDBY,
    backup: SEALED,
    record: { backup: { at: ago(60), where: "x.age", full: "sealed" } },
    verdict: "pass",
  },
  "nobody knows whether the CAs were kept": {
    guard: "backup",
    edge: SERVERS_TO_STANDBY,
    record: null,
    verdict: "unknown",
    about: ["authority/host"],
  },
  "a copy that a person made is stated": {
    guard: "backup",
    edge: SERVERS_TO_STANDBY,
    record: { backup: null },
    rotation: {
      waive: [{ guard: "backup", subject: "authority/host", reason: "in the safe", expires: ago(-60) }],
    },
    verdict: "pass",
    about: ["~authority/host"],
  },
  "what can be undone needs no copy": { guard: "backup", edge: INIT_TO_CLIENTS, verdict: "absent" },
  "a check failed after the last transition": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [LOGIN],
    results: [result(LOGIN, "failed", 10)],
    verdict: "fail",
    about: ["check/login"],
  },
  "a check could not be run": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [LOGIN],
    results: [result(LOGIN, "not_run", 10)],
    verdict: "unknown",
    about: ["check/login"],
  },
  "a check passed after the last transition": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [LOGIN],
    results: [result(LOGIN, "passed", 10)],
    verdict: "pass",
  },
  "a check failed, and a review accepts it": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [LOGIN],
    results: [result(LOGIN, "failed", 10)],
    rotation: {
      waive: [{ guard: "checks", subject: "check/login", reason: "down for repair", expires: ago(-60) }],
    },
    verdict: "pass",
    about: ["~check/login"],
  },
  "a check failed before the rotation already": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [LOGIN],
    results: [result(LOGIN, "failed", 10)],
    record: { baseline: [result(LOGIN, "failed", 61)] },
    verdict: "pass",
  },
  "a required check failed before the rotation already": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [{ ...LOGIN, required: true }],
    results: [result(LOGIN, "failed", 10)],
    record: { baseline: [result(LOGIN, "failed", 61)] },
    verdict: "fail",
    about: ["check/login"],
  },
  "nobody knows whether an override is used, and a review accepts it": {
    guard: "checks",
    edge: SERVERS_TO_STANDBY,
    checks: [LOGIN],
    results: [result(LOGIN, "passed", 10)],
    overrides: [{ authority: "host", key: NEW, since: ago(30) }],
    rotation: {
      waive: [{ ...IN_THE_LOG, subject: `override/host/${NEW.slice(7)}/exercise` }],
    },
    verdict: "pass",
    about: [`~override/host/${NEW.slice(7)}/exercise`],
  },
  "without a check and without an override there is nothing to ask": {
    guard: "checks",
    edge: SERVERS_TO_STANDBY,
    verdict: "absent",
  },
  "a failure of before the last transition says nothing": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [LOGIN],
    results: [result(LOGIN, "failed", 50)],
    verdict: "pass",
  },
  "a failure of another check of the same name says nothing": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [{ ...LOGIN, command: ["other"] }],
    results: [result(LOGIN, "failed", 10)],
    verdict: "pass",
  },
  "a check of another CA": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [{ ...LOGIN, authorities: ["user"] }],
    results: [result(LOGIN, "failed", 10)],
    verdict: "absent",
  },
  "a check of another phase": {
    guard: "checks",
    edge: INIT_TO_CLIENTS,
    checks: [{ ...LOGIN, phases: ["update_clients"] }],
    results: [result(LOGIN, "failed", 10)],
    verdict: "absent",
  },
  "a check of another phase, at the point of no return": {
    guard: "checks",
    edge: SERVERS_TO_STANDBY,
    checks: [{ ...LOGIN, phases: ["update_clients"] }],
    results: [result(LOGIN, "failed", 10)],
    verdict: "fail",
    about: ["check/login"],
  },
  "a check that failed does not hold the way back": {
    guard: "checks",
    edge: INIT_BACK,
    checks: [LOGIN],
    results: [result(LOGIN, "failed", 10)],
    verdict: "absent",
  },
  "nor the end of it": {
    guard: "checks",
    edge: OUT_OF_ROLLBACK,
    checks: [LOGIN],
    results: [result(LOGIN, "failed", 10)],
    verdict: "absent",
  },
  "an override that no session has shown in use": {
    guard: "checks",
    edge: SERVERS_TO_STANDBY,
    type: "db_client",
    checks: [{ ...LOGIN, authorities: ["db_client"] }],
    results: [result(LOGIN, "passed", 10)],
    overrides: [{ authority: "db_client", key: NEW, since: ago(60) }],
    verdict: "unknown",
    about: [`override/db_client/${NEW.slice(7)}/exercise`],
  },
  "an override of a CA that no check is about": {
    guard: "checks",
    edge: SERVERS_TO_STANDBY,
    type: "db_client",
    checks: [LOGIN],
    results: [result(LOGIN, "passed", 10)],
    overrides: [{ authority: "db_client", key: NEW, since: ago(60) }],
    verdict: "unknown",
    about: [`override/db_client/${NEW.slice(7)}/exercise`],
  },
  "an override of a cluster without checks of its own: people try by hand": {
    guard: "checks",
    edge: SERVERS_TO_STANDBY,
    type: "db_client",
    overrides: [{ authority: "db_client", key: NEW, since: ago(60) }],
    verdict: "absent",
  },
  "unless git says that it does": {
    guard: "checks",
    edge: OUT_OF_ROLLBACK,
    checks: [{ ...LOGIN, phases: ["rollback"] }],
    results: [result(LOGIN, "failed", 10)],
    verdict: "fail",
    about: ["check/login"],
  },
  "a check that fails before the rotation, and has to pass": {
    guard: "checks",
    edge: TO_INIT,
    checks: [{ ...LOGIN, required: true }],
    results: [result(LOGIN, "failed", 10)],
    verdict: "fail",
    about: ["check/login"],
  },
  "a check that fails before the rotation is only told": {
    guard: "checks",
    edge: TO_INIT,
    checks: [LOGIN],
    results: [result(LOGIN, "failed", 10)],
    verdict: "pass",
  },
  "nobody knows since when": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 30 * 60_000 },
    record: null,
    verdict: "unknown",
    about: ["authority/host"],
  },
};

function campaignOf({ wave = {}, ...more }: NonNullable<Case["campaign"]>): CampaignView {
  const rest = { name: "rest", selector: {}, pauseMs: null, maxInProgress: null };
  return {
    name: "host-2026-11",
    wave: wave === null ? null : { ...rest, ...wave },
    before: [],
    places: null,
    ...more,
  };
}

function inputOf(one: Case): GuardInput {
  const { edge, observation: seen, record, policy, rotation: wanted, type = "host", declared } = one;
  const observed = observation(edge.from, {
    authorities: [{ ...authority(edge.from), type }],
    ...(one.probed === undefined && one.pinned === undefined && one.unsearched === undefined
      ? {}
      : {
          surroundings: {
            consumers: one.probed ?? [],
            peers: [],
            pins: one.pinned ?? [],
            unreadPins: one.unsearched ?? [],
          },
        }),
    ...seen,
  });
  const host = observed.authorities.find((authority) => authority.type === type);
  if (host === undefined) throw new Error(`the case has no ${type} CA`);
  const remembered =
    edge.from === "standby" ? undefined : { ...memory(edge.from), authority: type, ...record };
  return {
    cluster: {
      ...cluster(policy),
      ...(one.backup === undefined ? {} : { backup: one.backup }),
      ...(one.held === undefined ? {} : { hold: one.held }),
      ...(one.checks === undefined ? {} : { checks: one.checks }),
    },
    ...(one.campaign === undefined ? {} : { campaign: campaignOf(one.campaign) }),
    observation: observed,
    authority: host,
    rotation:
      wanted === null ? null : rotation(edge.to, { authorities: [{ type, retire: [OLD] }], ...wanted }),
    ahead: one.ahead,
    record: record === null ? undefined : remembered,
    ...(one.results === undefined
      ? {}
      : { past: { ...emptyRecord(CLUSTER), checks: one.results, overrides: one.overrides ?? [] } }),
    consumers: declared ?? [],
    edge,
    now: NOW,
  };
}

/** Those of the other platforms have tables of their own. */
const GUARDS = guardsOf(TELEPORT);

/** A wrong phase, and somebody else's rotation, are nothing that a review could accept. */
const NOBODY_WAIVES: readonly GuardId[] = [
  "phase-order",
  "mode",
  "foreign-rotation",
  "exclusive",
  "wave",
  "hold",
];

describe("guards", () => {
  it.each(Object.entries(CASES))("%s", (_title, one) => {
    const verdict = judgeAll(inputOf(one)).find(({ id }) => id === one.guard);
    expect(verdict?.outcome ?? "absent").toBe(one.verdict);
    const about = [
      ...(verdict?.findings ?? []).map(({ subject }) => subject),
      ...(verdict?.waived ?? []).map(({ subject }) => `~${subject}`),
    ];
    expect(about).toEqual(one.about ?? []);
  });

  it.each(GUARDS.map(({ id }) => id))("what %s says", async (id) => {
    const said = Object.entries(CASES)
      .filter(([, { guard }]) => guard === id)
      .map(
        ([title, one]) =>
          `# ${title}\n${verdictText(judgeAll(inputOf(one)).find((other) => other.id === id))}`,
      );
    await expect(`${said.join("\n\n")}\n`).toMatchFileSnapshot(`golden/${id}.txt`);
  });

  it.each(GUARDS.map(({ id }) => id))("%s has a case that blocks", (id) => {
    const blocking = Object.values(CASES).filter(
      ({ guard, verdict }) => guard === id && (verdict === "fail" || verdict === "unknown"),
    );
    expect(blocking).not.toHaveLength(0);
  });

  it.each(NOBODY_WAIVES)("%s blocks whatever waiver there is", (id) => {
    const blocking = Object.values(CASES).filter(({ guard, verdict }) => guard === id && verdict === "fail");
    expect(blocking).not.toHaveLength(0);
    for (const one of blocking) {
      const waive = (one.about ?? []).map((subject) => ({ ...accepted, guard: id, subject }));
      const { outcome, waived } =
        judgeAll(inputOf({ ...one, rotation: { ...one.rotation, waive } })).find(
          (other) => other.id === id,
        ) ?? expect.unreachable("the guard has a say");
      expect({ outcome, waived }).toEqual({ outcome: "fail", waived: [] });
    }
  });

  it("no guard refuses without saying why", () => {
    for (const one of Object.values(CASES)) {
      const input = inputOf(one);
      for (const guard of GUARDS.filter((candidate) => candidate.appliesTo(input))) {
        const judgement = guard.judge(input);
        if (judgement.outcome !== "pass") expect(judgement.findings).not.toHaveLength(0);
      }
    }
  });

  it.each([
    [
      "in git, of a rotation of several",
      {
        authorities: [
          { type: "user", retire: [NEW] },
          { type: "host", retire: [OLD] },
        ],
      },
    ],
    ["in the record alone", null],
  ])("which pin is the old one stands %s", (_, wanted) => {
    const input = inputOf({
      guard: "pins",
      edge: INIT_TO_CLIENTS,
      // As Teleport 5 leaves them: the phase does not tell which is which.
      observation: { authorities: [authority("init", { active: [key(NEW)], trusted: [key(OLD)] })] },
      pinned: [listing("teleport.yaml", NEW)],
      verdict: "fail",
    });
    const judged = judgeAll({
      ...input,
      rotation: wanted === null ? null : rotation("update_clients", wanted),
    });
    expect(judged.find(({ id }) => id === "pins")?.findings[0]?.message).toContain(
      `lacks the old CA pin ${OLD}`,
    );
  });

  it("no finding is about what its guard does not name", () => {
    for (const one of Object.values(CASES)) {
      const input = inputOf(one);
      for (const guard of GUARDS.filter((candidate) => candidate.appliesTo(input))) {
        const judgement = guard.judge(input);
        if (judgement.outcome === "pass") continue;
        const kinds = guard.subjects.flatMap((name) =>
          name === "component" ? input.observation.profile.componentKinds.map(({ kind }) => kind) : [name],
        );
        for (const { subject } of judgement.findings) expect(kinds).toContain(subject.split("/")[0]);
      }
    }
  });

  it("what can be accepted ends in a command, and what is stated in another", () => {
    // Where no rotation is in git there is nowhere to accept anything.
    for (const one of Object.values(CASES).filter((candidate) => candidate.rotation !== null)) {
      const input = inputOf(one);
      for (const { id, findings } of judgeAll(input)) {
        const isWaivable = GUARDS.find((guard) => guard.id === id)?.waivable === true;
        for (const { remedy } of findings) {
          if (isWaivable)
            expect(commandIn(remedy), `${id}: ${remedy}`).toMatch(
              /^capstan (waive|acknowledge|rotate rollback) /,
            );
          expect(remedy).not.toMatch(/waive `|YOU/);
        }
      }
    }
  });

  it("no finding leaves the person without something to do", () => {
    const findings = Object.values(CASES).flatMap((one) =>
      judgeAll(inputOf(one)).flatMap((verdict) => verdict.findings),
    );
    for (const finding of findings) expect(finding.remedy).not.toBe("");
  });
});
