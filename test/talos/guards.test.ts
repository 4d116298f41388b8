import { describe, expect, it } from "vitest";
import { judgeAll } from "../../src/guards/chain.ts";
import type { ClusterObservation, GuardInput } from "../../src/profile/profile.ts";
import type { RotationResource } from "../../src/resources/model/desired.ts";
import type { Edge } from "../../src/rotation/phase.ts";
import type { GuardId } from "../../src/rotation/plan.ts";
import type { FoundMachine, TalosFacts, TalosMachine } from "../../src/talos/facts.ts";
import { TALOS } from "../../src/talos/profile.ts";
import { authority, cluster, NEW, NOW, OLD, OTHER, observation, rotation } from "../world/host-rotation.ts";
import { verdictText } from "../world/verdict-text.ts";

/** Two control planes and a worker of which nothing is to be said. */
const ADDRESSES = ["10.0.0.2", "10.0.0.3", "10.0.0.4"] as const;

function found(address: string, overrides: Partial<FoundMachine> = {}): FoundMachine {
  return {
    machineType: address === ADDRESSES[2] ? "worker" : "controlplane",
    nodeId: `id-of-${address}`,
    version: "v1.13.9",
    clockAheadMs: 200,
    timeSynced: true,
    pending: "none",
    states: { talos: "S0", kubernetes: "S0" },
    foreign: { talos: [], kubernetes: [] },
    duplicates: [],
    omni: false,
    edits: { talos: null, kubernetes: null },
    ...overrides,
  };
}

function machine(address: string, overrides: Partial<FoundMachine> = {}): TalosMachine {
  const whole = found(address, overrides);
  return {
    address,
    machineType: address === ADDRESSES[2] ? "worker" : "controlplane",
    problem: null,
    found: whole,
  };
}

const WELL: TalosFacts = {
  machines: ADDRESSES.map((address) => machine(address)),
  members: ADDRESSES.map((address) => ({
    hostname: `host-${address}`,
    addresses: [address],
    nodeId: `id-of-${address}`,
  })),
  keys: [
    { authority: "talos", next: null, old: null },
    { authority: "kubernetes", next: null, old: null },
  ],
  kubernetes: { state: "read", nodes: ["one", "two", "three"], notReady: [] },
};

const SILENT: TalosMachine = {
  address: ADDRESSES[2],
  machineType: "worker",
  problem: "no route",
  found: null,
};

const UNEDITABLE = {
  line: 7,
  what: "takes a CA from elsewhere with an alias (*ca)",
  remedy: "write the value out where it is used",
};

const INIT: Edge = { from: "standby", to: "init" };
const SWAP: Edge = { from: "update_clients", to: "update_servers" };
const END: Edge = { from: "update_servers", to: "standby" };
const BACK: Edge = { from: "update_servers", to: "rollback" };

interface Case {
  readonly facts?: Partial<TalosFacts>;
  readonly seen?: Partial<ClusterObservation>;
  readonly edge?: Edge;
  readonly type?: "talos" | "kubernetes";
  readonly clients?: string | null;
}

const CLIENT = {
  source: "identity-file",
  path: "talosconfig",
  problem: null,
  notAfter: "2027-11-21T00:00:00Z",
  trusts: [OLD],
  signedBy: [OLD],
} as const;

function judged(
  { facts, seen, edge = INIT, type = "talos", clients = "clients/talosconfig" }: Case,
  waive: RotationResource["waive"] = [],
): GuardInput {
  const base = cluster();
  return {
    cluster: {
      ...base,
      platform: "talos",
      connection: {
        talosctl: ["talosctl"],
        kubectl: ["kubectl"],
        talosconfig: "talosconfig",
        context: null,
        endpoints: [],
        controlPlanes: ADDRESSES.slice(0, 2),
        workers: ADDRESSES.slice(2),
        kubeconfig: null,
        clients: { talosconfig: clients, kubeconfig: null },
        recipients: [],
        secrets: null,
      },
    },
    observation: observation(edge.from, {
      profile: TALOS,
      versions: { client: "v1.13.9", server: "v1.13.9" },
      credentials: CLIENT,
      components: [],
      facts: { ...WELL, ...facts },
      ...seen,
    }),
    authority: authority(edge.from, { type }),
    rotation:
      waive.length === 0 ? null : rotation(edge.to, { authorities: [{ type, retire: [OLD] }], waive }),
    record: undefined,
    consumers: [],
    edge,
    now: NOW,
  };
}

function verdict(id: GuardId, given: Case, waive: RotationResource["waive"] = []) {
  const found_ = judgeAll(judged(given, waive)).find((one) => one.id === id);
  const subjects = found_?.findings.map(({ subject, message }) => `${subject} ${message}`) ?? [];
  const about = found_?.findings.map(({ subject }) => subject) ?? [];
  return { outcome: found_?.outcome ?? "not asked", subjects, about };
}

function withMachine(overrides: Partial<FoundMachine>, address: string = ADDRESSES[1]): Partial<TalosFacts> {
  return { machines: ADDRESSES.map((one) => machine(one, one === address ? overrides : {})) };
}

function withClocks(...ahead: readonly number[]): Partial<TalosFacts> {
  return {
    machines: ADDRESSES.map((address, index) => machine(address, { clockAheadMs: ahead[index] ?? 0 })),
  };
}

const CASES: readonly (readonly [GuardId, string, Case, string, RegExp?])[] = [
  ["inventory", "everybody is there", {}, "pass"],
  [
    "inventory",
    "a machine does not answer",
    {
      facts: {
        machines: [
          ...WELL.machines.slice(0, 2),
          { address: ADDRESSES[2], machineType: "worker", problem: "no route", found: null },
        ],
      },
    },
    "fail",
    /machine\/10\.0\.0\.4 does not answer: no route/,
  ],
  [
    "inventory",
    "it is not what it is called",
    { facts: withMachine({ machineType: "worker" }) },
    "fail",
    /is a worker, and the inventory calls it a controlplane/,
  ],
  [
    "inventory",
    "two addresses of one machine",
    { facts: withMachine({ nodeId: "id-of-10.0.0.2" }) },
    "fail",
    /is the same machine as 10\.0\.0\.2/,
  ],
  [
    "inventory",
    "a member that git does not know",
    {
      facts: {
        members: [...(WELL.members ?? []), { hostname: "new", addresses: ["10.0.0.9"], nodeId: "x" }],
      },
    },
    "fail",
    /member\/new is a member of the cluster \(10\.0\.0\.9\)/,
  ],
  [
    "inventory",
    "two members that git does not know, beside one that does not answer",
    {
      facts: {
        machines: [...WELL.machines.slice(0, 2), SILENT],
        members: [...(WELL.members ?? []), { hostname: "new", addresses: ["10.0.0.9"], nodeId: "x" }],
      },
    },
    "fail",
    /^machine\/10\.0\.0\.4 does not answer: no route\nmember\/new is a member[^\n]*$/,
  ],
  [
    "inventory",
    "one that does not answer, in another spelling of its address",
    {
      facts: {
        machines: [...WELL.machines.slice(0, 2), { ...SILENT, address: "2001:DB8::4" }],
        members: [
          ...(WELL.members ?? []).slice(0, 2),
          { hostname: "w", addresses: ["10.1.0.4", "2001:db8:0::4"], nodeId: "id-of-w" },
        ],
      },
    },
    "fail",
    /^machine\/2001:DB8::4 does not answer: no route$/,
  ],
  [
    "inventory",
    "a machine that discovery does not list",
    { facts: { members: (WELL.members ?? []).slice(1) } },
    "fail",
    /machine\/10\.0\.0\.2 answers, and is not listed/,
  ],
  ["inventory", "discovery is off", { facts: { members: [] } }, "fail", /members discovery lists no member/],
  ["inventory", "members cannot be listed", { facts: { members: null } }, "fail", /members the members/],
  ["inventory", "nobody has looked", { seen: { facts: undefined } }, "unknown"],
  ["inventory", "the way out is open", { edge: BACK, facts: { members: null } }, "not asked"],

  [
    "machine-states",
    "neighbours",
    { facts: withMachine({ states: { talos: "S1", kubernetes: "S0" } }) },
    "pass",
  ],
  [
    "machine-states",
    "two states apart",
    { facts: withMachine({ states: { talos: "S2", kubernetes: "S0" } }) },
    "fail",
    /machine\/10\.0\.0\.2 is in S0.*/,
  ],
  [
    "machine-states",
    "the other CA is another matter",
    { type: "kubernetes", facts: withMachine({ states: { talos: "S2", kubernetes: "S0" } }) },
    "pass",
  ],
  [
    "machine-states",
    "an unknown CA",
    { facts: withMachine({ states: { talos: "SX", kubernetes: "S0" } }), edge: BACK },
    "fail",
    /neither the old nor the new/,
  ],
  [
    "machine-states",
    "back after the point of no return",
    {
      edge: BACK,
      facts: {
        machines: ADDRESSES.map((one) =>
          machine(one, { states: { talos: one === ADDRESSES[0] ? "S3" : "S2", kubernetes: "S0" } }),
        ),
      },
    },
    "fail",
    /machine\/10\.0\.0\.2 no longer accepts the old CA/,
  ],

  ["foreign-cas", "nobody else's", {}, "pass"],
  [
    "foreign-cas",
    "everywhere the same",
    {
      facts: {
        machines: ADDRESSES.map((one) => machine(one, { foreign: { talos: [OTHER], kubernetes: [] } })),
      },
    },
    "pass",
  ],
  [
    "foreign-cas",
    "on one machine only",
    { facts: withMachine({ foreign: { talos: [OTHER], kubernetes: [] } }) },
    "fail",
    /machine\/10\.0\.0\.3 accepts sha256:2c/,
  ],

  ["pending-config", "in force what is on disk", {}, "pass"],
  [
    "pending-config",
    "a swap of ours that is tried",
    { facts: withMachine({ pending: "ours" }), edge: SWAP },
    "pass",
  ],
  [
    "pending-config",
    "somebody staged something",
    { facts: withMachine({ pending: "other" }), edge: BACK },
    "fail",
    /machine\/10\.0\.0\.3 has a configuration on disk/,
  ],
  ["pending-config", "not shown", { facts: withMachine({ pending: "unknown" }) }, "unknown"],

  ["config-edits", "every edit can be made", {}, "pass"],
  [
    "config-edits",
    "a line that stands in the way, forwards",
    { facts: withMachine({ edits: { talos: UNEDITABLE } }) },
    "fail",
    /machine\/10\.0\.0\.3 line 7 of its configuration takes a CA from elsewhere/,
  ],
  [
    "config-edits",
    "and on the way back",
    { facts: withMachine({ edits: { talos: UNEDITABLE } }), edge: BACK },
    "fail",
    /machine\/10\.0\.0\.3 line 7/,
  ],
  [
    "config-edits",
    "in the other CA",
    { facts: withMachine({ edits: { talos: null, kubernetes: UNEDITABLE } }) },
    "pass",
  ],
  ["config-edits", "not tried", { facts: withMachine({ edits: {} }) }, "unknown"],

  ["clocks", "in step", {}, "pass"],
  ["clocks", "far ahead", { facts: withMachine({ clockAheadMs: 7_200_000 }) }, "fail", /7200 s ahead of/],
  ["clocks", "far behind", { facts: withMachine({ clockAheadMs: -400_000 }) }, "fail", /400 s behind/],
  [
    "clocks",
    "not synchronised",
    { facts: withMachine({ timeSynced: false }) },
    "fail",
    /no synchronised clock/,
  ],
  [
    "clocks",
    "one is off, and the others agree with the one here",
    { facts: withClocks(3_000, -1_000, 603_000) },
    "fail",
    /^machine\/10\.0\.0\.4 its clock is 603 s ahead of the one here$/,
  ],
  [
    "clocks",
    "all agree, and the one here is off: said once",
    { facts: withClocks(420_000, 421_000, 419_000) },
    "fail",
    /^clock\/here the clock of the machine that runs capstan is 419 s behind those of the cluster$/,
  ],
  ["clocks", "a little apart", { facts: withClocks(200_000, -50_000, 0) }, "pass"],
  [
    "clocks",
    "five minutes are not too many, here and there",
    { facts: withClocks(300_000, 300_000, 0) },
    "pass",
  ],
  [
    "clocks",
    "one is off from the others, and the one here is, too",
    { facts: withClocks(310_000, 311_000, 700_000) },
    "fail",
    /^machine\/10\.0\.0\.4 its clock is 390 s ahead of those of the others\nclock\/here .* is 310 s behind/,
  ],
  [
    "clocks",
    "all are behind the one here",
    { facts: withClocks(-420_000, -421_000, -419_000) },
    "fail",
    /^clock\/here the clock of the machine that runs capstan is 419 s ahead of those of the cluster$/,
  ],
  [
    "clocks",
    "two, of which one is far ahead: the one here is nearer to the other",
    { facts: { machines: withClocks(700_000, -100_000).machines?.slice(0, 2) ?? [] } },
    "fail",
    /^machine\/10\.0\.0\.2 its clock is 700 s ahead of the one here$/,
  ],
  [
    "clocks",
    "nobody knows whether it is synchronised",
    { facts: withMachine({ timeSynced: null }) },
    "fail",
    /^machine\/10\.0\.0\.3 does not say whether its clock is synchronised$/,
  ],
  [
    "clocks",
    "one that does not answer is another guard's",
    { facts: { machines: [...WELL.machines.slice(0, 2), SILENT] } },
    "pass",
  ],
  ["clocks", "silent", { facts: withMachine({ clockAheadMs: null }) }, "fail", /does not say what time/],

  ["omni", "on its own", {}, "pass"],
  ["omni", "managed", { facts: withMachine({ omni: true }) }, "fail", /connected to Omni/],

  ["backup", "both keys at hand", {}, "pass"],
  [
    "backup",
    "the next key cannot be opened",
    { facts: { keys: [{ authority: "talos", next: "there is no age identity", old: null }] } },
    "fail",
    /next key cannot be used: there is no age identity/,
  ],
  [
    "backup",
    "the next key is not needed on the way out",
    { edge: BACK, facts: { keys: [{ authority: "talos", next: "gone", old: null }] } },
    "pass",
  ],
  [
    "backup",
    "the old key is lost, and would be needed",
    { edge: SWAP, facts: { keys: [{ authority: "talos", next: null, old: "lost" }] } },
    "fail",
    /old key could not be brought back: lost/,
  ],
  [
    "backup",
    "the old key is lost, and not needed any more",
    { edge: END, facts: { keys: [{ authority: "talos", next: null, old: "lost" }] } },
    "pass",
  ],
  ["backup", "nobody has looked", { facts: { keys: [] } }, "unknown"],

  ["version", "the same", {}, "pass"],
  [
    "version",
    "a newer machine",
    { facts: withMachine({ version: "v1.14.0" }) },
    "fail",
    /newer than talosctl/,
  ],
  ["version", "a newer talosctl", { seen: { versions: { client: "v1.14.1", server: "v1.13.9" } } }, "pass"],
  [
    "version",
    "from before two CAs were accepted",
    { facts: withMachine({ version: "v1.6.7" }) },
    "fail",
    /from v1\.7 on/,
  ],
  ["version", "the first that accepts two CAs", { facts: withMachine({ version: "v1.7.0" }) }, "pass"],
  ["version", "without its letter", { facts: withMachine({ version: "1.13.9" }) }, "pass"],
  ["version", "a build of nobody knows what", { facts: withMachine({ version: "main-v1.13.9" }) }, "unknown"],
  [
    "version",
    "of two digits",
    { facts: withMachine({ version: "v10.13.9" }) },
    "fail",
    /newer than talosctl/,
  ],
  [
    "version",
    "a talosctl that does not say it",
    { seen: { versions: { client: "unknown", server: "v1.13.9" } } },
    "unknown",
    /^version\/client does not say its version$/,
  ],
  [
    "version",
    "a machine that does not say it",
    { facts: withMachine({ version: "unknown" }) },
    "unknown",
    /^machine\/10\.0\.0\.3 does not say its version$/,
  ],
  [
    "version",
    "one that does not answer is another guard's",
    { facts: { machines: [...WELL.machines.slice(0, 2), SILENT] } },
    "pass",
  ],
  ["version", "unknown", { facts: withMachine({ version: null }) }, "unknown"],

  ["credentials", "an administrator", {}, "pass"],
  [
    "credentials",
    "a reader",
    { seen: { credentials: { ...CLIENT, problem: "os:admin is needed" } } },
    "unknown",
  ],
  [
    "credentials",
    "runs out",
    { seen: { credentials: { ...CLIENT, notAfter: "2026-11-21T12:01:00Z" } } },
    "fail",
    /expires on/,
  ],
  [
    "credentials",
    "nobody knows when it runs out",
    { seen: { credentials: { ...CLIENT, notAfter: null } } },
    "unknown",
    /^identity\/talosconfig does not say when it expires$/,
  ],
  [
    "credentials",
    "the file that is to be written cannot be",
    { facts: { clientFiles: [{ field: "talosconfig", problem: "is a folder" }] } },
    "fail",
    /^file\/talosconfig is a folder$/,
  ],
  [
    "credentials",
    "that of the other CA cannot be",
    { facts: { clientFiles: [{ field: "kubeconfig", problem: "is a folder" }] } },
    "pass",
  ],
  [
    "credentials",
    "nor that of Kubernetes",
    { type: "kubernetes", facts: { clientFiles: [{ field: "kubeconfig", problem: "is a folder" }] } },
    "fail",
    /^file\/kubeconfig is a folder$/,
  ],
  ["credentials", "of the old CA, which stays", { edge: SWAP, clients: null }, "pass"],
  [
    "credentials",
    "of Talos, where the other CA is dropped",
    { edge: END, type: "kubernetes", clients: null },
    "pass",
  ],
  [
    "credentials",
    "of both CAs",
    { edge: END, clients: null, seen: { credentials: { ...CLIENT, signedBy: [OLD, NEW] } } },
    "pass",
  ],
  [
    "credentials",
    "of nobody knows whom",
    { edge: END, clients: null, seen: { credentials: { ...CLIENT, signedBy: [] } } },
    "unknown",
    /was signed by nobody knows which CA/,
  ],
  ["credentials", "of the CA that is dropped, with a place for another", { edge: END }, "pass"],
  [
    "credentials",
    "of the CA that is dropped, without one",
    { edge: END, clients: null },
    "fail",
    /was signed by the CA that is dropped/,
  ],
  [
    "credentials",
    "of the new CA already",
    { edge: END, clients: null, seen: { credentials: { ...CLIENT, signedBy: [NEW] } } },
    "pass",
  ],

  ["kubernetes-health", "the Talos CA does not ask", {}, "not asked"],
  ["kubernetes-health", "all is well", { type: "kubernetes" }, "pass"],
  [
    "kubernetes-health",
    "a node is not Ready",
    { type: "kubernetes", facts: { kubernetes: { state: "read", nodes: [], notReady: ["node/one"] } } },
    "fail",
    /node\/one is not Ready/,
  ],
  [
    "kubernetes-health",
    "an API server that does not answer at its own address",
    {
      type: "kubernetes",
      facts: {
        kubernetes: {
          state: "read",
          nodes: [],
          notReady: [],
          silent: [{ server: "https://10.0.0.3:7443", problem: "connection refused" }],
        },
      },
    },
    "fail",
    /apiserver\/10\.0\.0\.3:7443 does not answer.*connection refused/,
  ],
  [
    "kubernetes-health",
    "no kubectl",
    { type: "kubernetes", facts: { kubernetes: { state: "unread", problem: "not on the PATH" } } },
    "unknown",
    /not on the PATH/,
  ],
];

describe("guards of Talos", () => {
  it.each([...new Set(CASES.map(([id]) => id))])("%s has a case that blocks and one that passes", (id) => {
    const outcomes = CASES.filter(([one]) => one === id).map(([, , , outcome]) => outcome);
    expect(outcomes).toContain("pass");
    expect(outcomes).toContain("fail");
  });

  it.each([...new Set(CASES.map(([id]) => id))])("what %s says", async (id) => {
    const said = CASES.filter(([one]) => one === id).map(
      ([, situation, input]) =>
        `# ${situation}\n${verdictText(judgeAll(judged(input)).find((one) => one.id === id))}`,
    );
    await expect(`${said.join("\n\n")}\n`).toMatchFileSnapshot(`golden/${id}.txt`);
  });

  it.each<GuardId>(["omni", "pending-config", "machine-states", "backup"])(
    "%s blocks whatever waiver there is",
    (id) => {
      const blocking = CASES.filter(([one, , , outcome]) => one === id && outcome !== "pass");
      expect(blocking).not.toHaveLength(0);
      for (const [, , input] of blocking) {
        const { outcome, about } = verdict(id, input);
        const waive = about.map((subject) => ({
          guard: id,
          subject,
          reason: "an honest wish",
          expires: new Date(NOW + 3_600_000).toISOString(),
        }));
        expect(verdict(id, input, waive)).toMatchObject({ outcome, about });
      }
    },
  );

  for (const [id, situation, input, outcome, message] of CASES) {
    it(`${id}: ${situation}`, () => {
      const seen = verdict(id, input);
      expect(seen.outcome).toBe(outcome);
      if (message !== undefined) expect(seen.subjects.join("\n")).toMatch(message);
    });
  }
});

describe("doctor, of a cluster where every guard is content", () => {
  const untried = withMachine({ edits: {} });
  it.each([
    ["no rotation is declared: nothing was tried, and that is no finding", { ...untried, keys: [] }, null],
    ["one is declared, and nothing was tried", untried, "unknown"],
    ["one is declared, and every edit can be made", {}, "pass"],
  ] satisfies readonly [string, Partial<TalosFacts>, string | null][])("%s", (_, facts, expected) => {
    const input = judged({ type: "kubernetes", facts });
    const checks = TALOS.preflight.checks(input.observation, judgeAll(input), NOW);
    const check = checks.find(({ name }) => name === "config-edits");
    expect(check?.outcome ?? null).toBe(expected);
  });
});
