import { describe, expect, it } from "vitest";
import { judgeAll } from "../../../src/guards/chain.ts";
import { readAuthority } from "../../../src/platforms/teleport/authority.ts";
import type { ClusterObservation } from "../../../src/profile/profile.ts";
import { identify, type LiveAuthority, type RemoteCluster } from "../../../src/rotation/observation.ts";
import type { Edge } from "../../../src/rotation/phase.ts";
import { recording } from "../../platforms/fake-runner.ts";
import {
  ago,
  authority,
  cluster,
  key,
  memory,
  NOW,
  OLD,
  OTHER,
  observation,
  rotation,
} from "../../world/host-rotation.ts";

const LEAF = "leaf.cluster";
const INIT_TO_CLIENTS: Edge = { from: "init", to: "update_clients" };

/** The verdict of the guard on one edge of the world's host CA. */
function verdictOn(
  edge: Edge,
  seen: Partial<ClusterObservation>,
  {
    type = "host",
    stated = false,
    step = "trusted-clusters",
    peers = [LEAF],
    sinceMinutes = 45,
  }: {
    readonly type?: string;
    readonly stated?: boolean;
    /** What is stated. */
    readonly step?: string;
    readonly peers?: readonly string[];
    /** `null`: the record does not speak of the phase. */
    readonly sinceMinutes?: number | null;
  } = {},
) {
  const live = { ...authority(edge.from), type };
  const since = sinceMinutes === null ? null : ago(sinceMinutes);
  const phases = since === null ? [] : [{ phase: edge.from, since, verified_at: since }];
  const said = {
    step: `${type}/${edge.from}/${step}`,
    who: "ada",
    note: null,
    evidence: null,
    at: null,
  };
  return judgeAll({
    cluster: { ...cluster(), peers },
    observation: observation(edge.from, { authorities: [live], ...seen }),
    authority: live,
    rotation: rotation(edge.to, {
      authorities: [{ type, retire: [OLD] }],
      acknowledge: stated ? [said] : [],
    }),
    record: edge.from === "standby" ? undefined : { ...memory(edge.from), authority: type, phases },
    consumers: [],
    edge,
    now: NOW,
  }).find(({ id }) => id === "trusted-clusters");
}

const leaf = (heartbeatMinutes: number | null): RemoteCluster => ({
  name: LEAF,
  connection: "online",
  lastHeartbeat: heartbeatMinutes === null ? null : ago(heartbeatMinutes),
});

function holding(copy: LiveAuthority | null, problem: string | null = null): Partial<ClusterObservation> {
  return {
    remoteClusters: [leaf(0)],
    surroundings: {
      consumers: [],
      pins: [],
      peers: [{ cluster: LEAF, problem, copies: copy === null ? [] : [copy] }],
    },
  };
}

const SAME = authority("init");

describe("a peer that capstan can ask", () => {
  it.each<[string, LiveAuthority | null, string | null]>([
    ["has the same copy", SAME, null],
    [
      "has the copy from before",
      authority("standby"),
      "is in standby, not init, it does not know sha256:1b1b",
    ],
    [
      "has the copy of another rotation",
      authority("init", { rotation: { ...SAME.rotation, currentId: "x" } }),
      "of another rotation",
    ],
    [
      "has other keys in the same phase",
      authority("init", { trusted: [key(OTHER)] }),
      "does not know sha256:1b1b",
    ],
    ["has no copy at all", null, "holds no copy of the host CA"],
  ])("%s", (_, copy, message) => {
    const verdict = verdictOn(INIT_TO_CLIENTS, holding(copy));
    expect(verdict?.outcome).toBe(message === null ? "pass" : "fail");
    if (message !== null) {
      expect(verdict?.findings.map(({ subject }) => subject)).toEqual([`cluster/${LEAF}`]);
      expect(verdict?.findings[0]?.message).toContain(message);
    }
  });

  it.each<[string, LiveAuthority, boolean]>([
    [
      "takes the old key for the one that signs",
      authority("init", { active: SAME.trusted, trusted: SAME.active }),
      true,
    ],
    ["which is no news where it does not know a key", authority("init", { active: [key(OTHER)] }), false],
  ])("%s", (_, copy, isSaid) => {
    const [finding] = verdictOn(INIT_TO_CLIENTS, holding(copy))?.findings ?? [];
    expect(finding?.message.includes("it takes another key for the one that signs")).toBe(isSaid);
  });

  it("is compared by its copy of this CA of this cluster, and no other", () => {
    const others = [
      { ...SAME, type: "user" },
      { ...SAME, cluster: "other.cluster" },
    ];
    const seen = holding(null);
    const peers = [{ cluster: LEAF, problem: null, copies: others }];
    const verdict = verdictOn(INIT_TO_CLIENTS, {
      ...seen,
      surroundings: { consumers: [], pins: [], peers },
    });
    expect(verdict?.findings[0]?.message).toMatch(/^holds no copy of the host CA/);
  });

  it("without a copy of the user CA is cut off from that", () => {
    const verdict = verdictOn(INIT_TO_CLIENTS, holding(null), { type: "user" });
    expect(verdict?.findings[0]?.message).toMatch(/^holds no copy of the user CA/);
  });

  it("is told from another one", () => {
    const second = "second.cluster";
    const verdict = verdictOn(
      INIT_TO_CLIENTS,
      {
        remoteClusters: [leaf(0), { ...leaf(0), name: second }],
        surroundings: {
          consumers: [],
          pins: [],
          peers: [
            { cluster: LEAF, problem: null, copies: [SAME] },
            { cluster: second, problem: null, copies: [] },
          ],
        },
      },
      { peers: [] },
    );
    expect(verdict?.findings.map(({ subject }) => subject)).toEqual([`cluster/${second}`]);
  });

  it("a statement does not outweigh the copy", () => {
    expect(verdictOn(INIT_TO_CLIENTS, holding(authority("standby")), { stated: true })?.outcome).toBe("fail");
  });

  it("types that are not synced have nothing to compare", () => {
    expect(verdictOn(INIT_TO_CLIENTS, holding(null), { type: "db_client" })).toBeUndefined();
  });

  it("an older leaf without the openssh CA is not cut off from it", () => {
    expect(verdictOn(INIT_TO_CLIENTS, holding(null), { type: "openssh" })?.outcome).toBe("pass");
  });

  it("a root gets the host CA of its leaf, and no other", () => {
    const asLeaf = { ...holding(authority("standby")), remoteClusters: [] };
    expect(verdictOn(INIT_TO_CLIENTS, asLeaf)?.outcome).toBe("fail");
    expect(verdictOn(INIT_TO_CLIENTS, asLeaf, { type: "user" })).toBeUndefined();
  });
});

describe("a peer that capstan cannot ask", () => {
  it.each([
    ["a word, a heartbeat and the time", true, 1, 45, "pass"],
    ["nobody said a word", false, 1, 45, "fail"],
    ["the heartbeat is older than the transition", true, 50, 45, "fail"],
    ["there never was a heartbeat", true, null, 45, "fail"],
    ["the time of the sync is not over", true, 1, 29, "fail"],
  ] as const)("%s", (_, stated, heartbeat, sinceMinutes, outcome) => {
    const seen = { remoteClusters: [leaf(heartbeat)] };
    const verdict = verdictOn(INIT_TO_CLIENTS, seen, { stated, sinceMinutes, peers: [] });
    expect(verdict?.outcome).toBe(outcome);
  });

  it("what is stated is this, and nothing else", () => {
    const seen = { remoteClusters: [leaf(1)] };
    const verdict = verdictOn(INIT_TO_CLIENTS, seen, { stated: true, step: "known-hosts-both", peers: [] });
    expect(verdict?.findings[0]?.message).toContain("nobody states host/init/trusted-clusters");
  });

  it("half an hour is enough for the sync", () => {
    const seen = { remoteClusters: [leaf(1)] };
    expect(verdictOn(INIT_TO_CLIENTS, seen, { stated: true, sinceMinutes: 30, peers: [] })?.outcome).toBe(
      "pass",
    );
    const early = verdictOn(INIT_TO_CLIENTS, seen, { stated: true, sinceMinutes: 29, peers: [] });
    expect(early?.findings.map(({ message }) => message)).toEqual([
      "cannot be asked (no cluster resource says how): the sync may take until Sat 21 November 2026, 12:01 UTC",
    ]);
  });

  it.each([
    [
      "a sign of life from the moment of the transition is none from after it",
      45,
      45,
      /no sign of life since then/,
    ],
    ["nobody knows since when it is in init", 1, null, /nobody knows since when the CA is in init/],
  ])("%s", (_, heartbeat, sinceMinutes, message) => {
    const seen = { remoteClusters: [leaf(heartbeat)] };
    const verdict = verdictOn(INIT_TO_CLIENTS, seen, { stated: true, sinceMinutes, peers: [] });
    expect(verdict?.findings[0]?.message).toMatch(message);
  });

  it("of a root, known by its copy here, no sign of life is asked for", () => {
    const root = { copies: [{ ...SAME, cluster: "root.cluster" }] };
    expect(verdictOn(INIT_TO_CLIENTS, root, { stated: true, peers: [] })?.outcome).toBe("pass");
    const verdict = verdictOn(INIT_TO_CLIENTS, root, { peers: [] });
    expect(verdict?.findings).toMatchObject([
      { subject: "cluster/root.cluster", message: expect.stringContaining("nobody states") },
    ]);
  });

  it("one that is named and does not answer is no better, and says why", () => {
    const verdict = verdictOn(INIT_TO_CLIENTS, holding(null, "tctl: connection refused"));
    expect(verdict?.findings[0]?.message).toContain("cannot be asked (tctl: connection refused)");
  });
});

describe("before init", () => {
  it.each([
    ["a leaf that sends heartbeats", 1, "pass"],
    ["a leaf that is off, although its connection says online", 12, "fail"],
    ["a leaf that was never heard", null, "fail"],
  ] as const)("%s", (_, heartbeat, outcome) => {
    const verdict = verdictOn({ from: "standby", to: "init" }, { remoteClusters: [leaf(heartbeat)] });
    expect(verdict?.outcome).toBe(outcome);
  });

  it.each([
    [119, "its last heartbeat is 119 seconds old"],
    [120, "its last heartbeat is 2 minutes old"],
    [301, "its last heartbeat is 5 minutes old"],
    [null, "it never sent a heartbeat"],
  ])("a heartbeat of %s s ago: %s", (seconds, said) => {
    const remoteClusters = [leaf(seconds === null ? null : seconds / 60)];
    const compared = verdictOn(INIT_TO_CLIENTS, { ...holding(null), remoteClusters });
    expect(compared?.findings[0]?.message.endsWith(`; ${said}`)).toBe(true);
    const before = verdictOn({ from: "standby", to: "init" }, { remoteClusters });
    const isOff = seconds === null || seconds > 300;
    expect(before?.findings.map(({ subject, message }) => [subject, message])).toEqual(
      isOff ? [[`cluster/${LEAF}`, `seems to be off: ${said}; it would miss the new CA`]] : [],
    );
  });

  it("a leaf that was heard five minutes ago is there; a root is not asked for", () => {
    const seen = {
      remoteClusters: [leaf(5)],
      copies: [{ ...SAME, cluster: "root.cluster" }],
    };
    expect(verdictOn({ from: "standby", to: "init" }, seen)?.outcome).toBe("pass");
  });

  it("the way into rollback is always open", () => {
    expect(verdictOn({ from: "init", to: "rollback" }, holding(null))).toBeUndefined();
  });
});

describe("whether there are leafs", () => {
  const denied = { unread: [{ what: "remote_clusters" as const, problem: "access denied" }] };

  it("is unknown where they could not be listed, whoever else is there", () => {
    for (const seen of [denied, { ...holding(SAME), ...denied }]) {
      const verdict = verdictOn(INIT_TO_CLIENTS, seen, { peers: [] });
      expect(verdict).toMatchObject({
        outcome: "unknown",
        findings: [
          {
            subject: "listing/remote_clusters",
            message: "could not be read: access denied; nobody knows whether there are leafs",
          },
        ],
      });
    }
  });

  it("is no question for a CA that no leaf has, or where something else could not be read", () => {
    expect(verdictOn(INIT_TO_CLIENTS, denied, { type: "db_client", peers: [] })).toBeUndefined();
    const nodes = { unread: [{ what: "nodes" as const, problem: "access denied" }] };
    expect(verdictOn(INIT_TO_CLIENTS, nodes, { peers: [] })).toBeUndefined();
  });
});

/** The recorded root that lost its leaf (recordings/README): 24 s a phase were not enough for the sync. */
describe("the recorded root that lost its leaf", () => {
  const calls = recording("trusted-cluster");

  function listing(step: string, owner: string, what: string): readonly unknown[] {
    const call = calls.find(
      (one) => one.step === step && one.cluster === owner && one.args[0] === "get" && one.args[1] === what,
    );
    if (call === undefined) throw new Error(`${owner} was not asked for ${what} at ${step}`);
    const value: unknown = JSON.parse(call.stdout);
    return Array.isArray(value) ? value : [value];
  }

  const authoritiesAt = (step: string, owner: string) =>
    Promise.all(listing(step, owner, "cert_authority").map((element) => readAuthority(element)));

  it.each([
    ["root host init +21s", "init", "update_clients"],
    ["root host update_clients +21s", "update_clients", "update_servers"],
    ["root host update_servers +21s", "update_servers", "standby"],
  ] as const)("%s: stays where it is", async (step, from, to) => {
    const [root, leafsOwn] = await Promise.all([
      authoritiesAt(step, "root.cluster"),
      authoritiesAt(step, LEAF),
    ]);
    const live = root.find(({ type, cluster: owner }) => type === "host" && owner === "root.cluster");
    const before = leafsOwn.find(({ type, cluster: owner }) => type === "host" && owner === "root.cluster");
    if (live === undefined || before === undefined) throw new Error("no host CA was recorded");
    const [remote] = listing(step, "root.cluster", "remote_cluster") as readonly {
      readonly status: { readonly connection: string; readonly last_heartbeat: string };
    }[];
    if (remote === undefined) throw new Error("no remote cluster was recorded");
    // 24 s a phase, and the rotation says itself when it started.
    const phases = ["init", "update_clients", "update_servers"].indexOf(from) + 1;
    const now = Date.parse(live.rotation.started ?? "") + phases * 24_000;
    expect(remote.status.connection).toBe("online");
    const verdict = judgeAll({
      cluster: { ...cluster(), name: "root.cluster", peers: [LEAF] },
      observation: observation(from, {
        cluster: "root.cluster",
        authorities: root.filter(({ cluster: owner }) => owner === "root.cluster"),
        copies: root.filter(({ cluster: owner }) => owner !== "root.cluster"),
        remoteClusters: [
          {
            name: LEAF,
            connection: remote.status.connection,
            lastHeartbeat: remote.status.last_heartbeat,
          },
        ],
        surroundings: {
          consumers: [],
          pins: [],
          peers: [{ cluster: LEAF, problem: null, copies: leafsOwn }],
        },
      }),
      authority: live,
      rotation: rotation(to),
      record: memory(from),
      consumers: [],
      edge: { from, to },
      now,
    }).find(({ id }) => id === "trusted-clusters");
    expect(verdict?.outcome).toBe("fail");
    const message = verdict?.findings[0]?.message ?? "";
    expect(verdict?.findings[0]?.subject).toBe(`cluster/${LEAF}`);
    for (const fingerprint of identify(before.active)) expect(message).toContain(fingerprint);
    const age = Math.round((now - Date.parse(remote.status.last_heartbeat)) / 1000);
    expect(message).toContain(`its last heartbeat is ${age} seconds old`);
  });
});
