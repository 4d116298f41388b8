import { describe, expect, it } from "vitest";
import { GUARDS, judgeAll } from "../../src/guards/chain.ts";
import type { GuardInput } from "../../src/guards/guard.ts";
import type { ClusterObservation } from "../../src/rotation/observation.ts";
import type { Edge } from "../../src/rotation/phase.ts";
import type { GuardId } from "../../src/rotation/plan.ts";
import type { RotationRecord } from "../../src/rotation/record.ts";
import {
  ago,
  authority,
  cluster,
  component,
  components,
  key,
  memory,
  NEW,
  NOW,
  OLD,
  OTHER,
  observation,
  rotation,
} from "../world/host-rotation.ts";

interface Case {
  readonly guard: GuardId;
  readonly edge: Edge;
  readonly observation?: Partial<ClusterObservation>;
  readonly record?: Partial<RotationRecord> | null;
  readonly policy?: Parameters<typeof cluster>[0];
  readonly rotation?: Parameters<typeof rotation>[1];
  /** `absent`: the guard has no say in this step. */
  readonly verdict: "pass" | "fail" | "unknown" | "absent";
  /** Subjects of the findings, and of those waived behind a `~`. */
  readonly about?: readonly string[];
}

const INIT_TO_CLIENTS: Edge = { from: "init", to: "update_clients" };
const CLIENTS_TO_SERVERS: Edge = { from: "update_clients", to: "update_servers" };
const TO_INIT: Edge = { from: "standby", to: "init" };
const INIT_BACK: Edge = { from: "init", to: "rollback" };
const OUT_OF_ROLLBACK: Edge = { from: "rollback", to: "standby" };

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
const accepted = { guard: "roster", subject: "node/node2", reason: "scrapped", expires: ago(-60) } as const;

const CASES: Readonly<Record<string, Case>> = {
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
    record: { state: "rolling_back", phases: [{ phase: "init", since: ago(30), verified_at: null }] },
    observation: { components: [] },
    verdict: "absent",
  },
  "leaving rollback after the new key signed": {
    guard: "roster",
    edge: OUT_OF_ROLLBACK,
    record: { state: "rolling_back", phases: memory("update_clients").phases },
    observation: { components: components("rollback").filter(({ name }) => name !== "node2") },
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
  "an identity about to expire": {
    guard: "credentials",
    edge: TO_INIT,
    observation: { credentials: { ...identity, notAfter: ago(-5) } },
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
    observation: { authorities: [{ ...authority("init"), type: "db_client" }] },
    verdict: "unknown",
    about: ["override/db_client"],
  },
  "a CA that nobody can override": { guard: "overrides", edge: INIT_TO_CLIENTS, verdict: "absent" },
  "no soak time": { guard: "soak", edge: INIT_TO_CLIENTS, verdict: "absent" },
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
  "nobody knows since when": {
    guard: "soak",
    edge: INIT_TO_CLIENTS,
    policy: { soakMs: 30 * 60_000 },
    record: null,
    verdict: "unknown",
    about: ["authority/host"],
  },
};

function inputOf({ edge, observation: seen, record, policy, rotation: wanted }: Case): GuardInput {
  const observed = observation(edge.from, seen);
  const [own] = observed.authorities;
  const host = observed.authorities.find(({ type }) => type === "host") ?? own;
  if (host === undefined) throw new Error("the case has no CA");
  const remembered = edge.from === "standby" ? undefined : { ...memory(edge.from), ...record };
  return {
    cluster: cluster(policy),
    observation: observed,
    authority: host,
    rotation: rotation(edge.to, wanted),
    record: record === null ? undefined : remembered,
    edge,
    now: NOW,
  };
}

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

  it.each(GUARDS.map(({ id }) => id))("%s has a case that blocks", (id) => {
    const blocking = Object.values(CASES).filter(
      ({ guard, verdict }) => guard === id && (verdict === "fail" || verdict === "unknown"),
    );
    expect(blocking).not.toHaveLength(0);
  });

  it("no finding leaves the person without something to do", () => {
    const findings = Object.values(CASES).flatMap((one) =>
      judgeAll(inputOf(one)).flatMap((verdict) => verdict.findings),
    );
    for (const finding of findings) expect(finding.remedy).not.toBe("");
  });
});
