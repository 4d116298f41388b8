import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { makePlan } from "../../src/planner/planner.ts";
import { staleClusters } from "../../src/planner/saved/approved.ts";
import { desiredDifference } from "../../src/planner/saved/desired-difference.ts";
import { bindingOf, fingerprintOfPlan } from "../../src/planner/saved/fingerprint.ts";
import { sealPlan } from "../../src/planner/saved/plan-file.ts";
import { profileOf } from "../../src/profiles.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import { FIELDS_OUT } from "../../src/resources/model/ways-out.ts";
import { type LoadResult, loadResources } from "../../src/resources/read/load.ts";
import { fingerprint, folderWith, NOW } from "../resources/folder.ts";
import { CLUSTER, observation } from "../world/host-rotation.ts";
import { type FieldPath, fieldsOf, readSchema, valueAt, withValue } from "./schema-walk.ts";

type Document = Readonly<Record<string, unknown>>;

const metadata = { name: CLUSTER, description: "the one in Vienna", labels: { ring: "canary" } };
const head = (kind: string, more: Document = {}) => ({ kind, version: "v1", ...more });

const POLICY = {
  concurrent_rotations: 2,
  soak: "1h",
  on_failure: "halt",
  phase_timeout: "5m",
  stale_read: "12s",
  compromise_soak: "1m",
  max_session_ttl: "12h",
  pin_files: ["teleport.yaml"],
  time_zone: "Europe/Vienna",
  windows: [{ days: ["mon"], from: "22:00", to: "04:00" }],
  freezes: [{ from: "2026-12-18", to: "2027-01-06", reason: "year-end" }],
};
const RECIPIENT = `age1${"q".repeat(58)}`;

/** With every field, of whatever kind: what goes with a kind is not what this file is about. */
const CHECK = {
  name: "login",
  kind: "ssh",
  command: ["tsh"],
  authorities: ["host"],
  phases: ["init"],
  timeout: "10s",
  attempts: 3,
  required: true,
  login: "probe",
  target: "node1",
  user: "probe",
  sample: 2,
  labels: { env: "prod" },
};

const TELEPORT = head("cluster", {
  metadata,
  spec: {
    platform: "teleport",
    teleport: { tctl: ["tctl"], auth_server: "acme.example.com:443", identity_file: "/run/identity" },
    policy: POLICY,
    peers: ["leaf.cluster"],
    hold: { reason: "audit", until: "2026-12-18" },
    checks: [CHECK],
    signer: { command: ["sign"], timeout: "1m" },
    backup: { command: ["backup"], timeout: "1m" },
  },
});

const TALOS = head("cluster", {
  metadata,
  spec: {
    platform: "talos",
    talos: {
      talosctl: ["talosctl"],
      kubectl: ["kubectl"],
      talosconfig: "/run/talosconfig",
      context: "prod",
      endpoints: ["10.0.0.9"],
      control_planes: ["10.0.0.2"],
      workers: ["10.0.0.3"],
      kubeconfig: "/run/kubeconfig",
      clients: { talosconfig: ".capstan/clients/talosconfig", kubeconfig: ".capstan/clients/kubeconfig" },
      recipients: [RECIPIENT],
      secrets: "talos/secrets.sops.yaml",
    },
    backup: { recipients: [RECIPIENT] },
  },
});

const LEAF = head("cluster", {
  metadata: { name: "leaf.cluster" },
  spec: { platform: "teleport", teleport: { tctl: ["tctl"], auth_server: "leaf:443" } },
});

const STATEMENTS = {
  acknowledge: [
    {
      step: "host/init/pins",
      who: "ada",
      note: "done",
      evidence: "OPS-12",
      at: "2026-11-20",
      commit: "4febbd1",
    },
  ],
  waive: [{ guard: "roster", subject: "node/node2", reason: "gone", expires: "2026-12-01" }],
};

/** Of a CA itself, only this guard can be waived. */
const STATEMENTS_OF_CA = { ...STATEMENTS, waive: [{ ...STATEMENTS.waive[0], guard: "overrides" }] };

/** A CA with one consumer, of each kind. */
const AUTHORITIES = [
  { kind: "tls", name: "queue", address: "queue:443", server_name: "queue.acme", deadline: "5s" },
  { kind: "https-jwks", name: "apps", url: "https://apps/jwks.json", ca_file: "pki/web.pem" },
  { kind: "file", name: "clients", path: "known_hosts" },
  { kind: "manual", name: "firewall", instructions: "look" },
].map((consumer) =>
  head("certificate_authority", {
    sub_kind: "host",
    metadata,
    spec: {
      active_keys: [fingerprint("a")],
      max_age: "8760h",
      trust_consumers: [consumer],
      ...STATEMENTS_OF_CA,
    },
  }),
);

const ROTATION = head("ca_rotation", {
  metadata: { ...metadata, name: "host-2026-11" },
  spec: {
    cluster: CLUSTER,
    authorities: [
      {
        type: "host",
        retire: [fingerprint("a")],
        next: {
          certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          key: "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----\n",
        },
      },
    ],
    phase: "init",
    reason: "compromise",
    strategy: "step",
    mode: "auto",
    grace_period: "48h",
    resume: { reason: "repaired" },
    hold: { reason: "audit", until: "2026-12-18" },
    ...STATEMENTS,
  },
});

const OVERRIDE = head("cert_authority_override", {
  sub_kind: "db_client",
  metadata: { ...metadata, expires: "2027-01-01", revision: "1" },
  spec: {
    certificate_overrides: [
      {
        public_key: "d".repeat(64),
        certificate: "-----BEGIN CERTIFICATE-----",
        chain: ["-----BEGIN CERTIFICATE-----"],
        disabled: true,
      },
    ],
  },
  status: {},
});

const REPOSITORY = head("repository", {
  metadata: { ...metadata, name: "pki" },
  spec: {
    record: "refs",
    remote: "origin",
    branch: "main",
    require_plan: true,
    approval: { app: "pki-planner" },
    notify: { command: ["notify-team"], timeout: "10s", events: ["failed"] },
    executables: [["tctl"]],
    addresses: ["acme.example.com:443"],
    waves: [{ name: "canary", selector: { ring: "canary" }, pause: "24h", max_in_progress: 10 }],
  },
});

/** Documents that have every field of their schema, all together. */
const DOCUMENTS: Readonly<Record<string, readonly Document[]>> = {
  "cluster.schema.json": [TELEPORT, TALOS],
  "certificate-authority.schema.json": AUTHORITIES,
  "ca-rotation.schema.json": [ROTATION],
  "cert-authority-override.schema.json": [OVERRIDE],
  "repository.schema.json": [REPOSITORY],
};

/** What is for people, and neither decides nor runs. */
const FOR_PEOPLE: Readonly<Record<string, readonly FieldPath[]>> = {
  "cluster.schema.json": ["metadata.description"],
  // Selected by nothing: labels of clusters are.
  "certificate-authority.schema.json": ["metadata.description", "metadata.labels"],
  "ca-rotation.schema.json": ["metadata.description", "metadata.labels"],
  // Teleport's own resource goes to the server as it is.
  "cert-authority-override.schema.json": [],
  // There is one, and no other resource names it.
  "repository.schema.json": ["metadata.name", "metadata.description", "metadata.labels"],
};

const cases = Object.entries(DOCUMENTS).flatMap(([file, documents]) =>
  fieldsOf(readSchema(file))
    // One word alone cannot be another.
    .filter(({ schema }) => schema.enum?.length !== 1)
    .map(({ path, schema }) => ({ file, path, schema, documents })),
);

/** Others than the value, of which the schema takes one. */
function others(value: unknown, enumerated: readonly unknown[]): readonly unknown[] {
  const among = enumerated.filter((other) => other !== value);
  if (among.length > 0) return among;
  if (typeof value === "number") return [value + 1];
  if (typeof value === "boolean") return [!value];
  if (Array.isArray(value)) {
    const [first] = value;
    return others(first, []).map((other) => [...value, other]);
  }
  if (typeof value === "object" && value !== null) return [{ ...value, other: "yes" }];
  const text = String(value);
  return [
    "77m",
    "2026-12-24",
    "23:30",
    fingerprint("9"),
    "e".repeat(64),
    "abcdef1",
    text.replace("AAAA", "BBBB"),
    `${text.slice(0, -1)}p`,
    `other${text}`,
    "other:444",
    "other",
    "tue",
    "standby",
    "blocked",
  ].filter((other) => other !== text);
}

async function load(documents: readonly Document[]): Promise<LoadResult> {
  return await loadResources(
    folderWith({ "all.yaml": documents.map((document) => stringify(document)).join("---\n") }),
    {},
    NOW,
  );
}

function countOf({ state, repository }: LoadResult): number {
  const { clusters, authorities, rotations, overrides } = state;
  const all = [clusters, authorities, rotations, overrides].reduce((sum, list) => sum + list.length, 0);
  return all + (repository === null ? 0 : 1);
}

/** Everything about the cluster, with this document in its place. */
async function around(document: Document): Promise<LoadResult> {
  const rest: readonly Document[] = [
    TELEPORT,
    LEAF,
    ...AUTHORITIES.slice(0, 1),
    ROTATION,
    OVERRIDE,
    REPOSITORY,
  ];
  return await load(
    rest.map((other) => (other["kind"] === document["kind"] && other !== LEAF ? document : other)),
  );
}

/** Before, and with another value in the field, as the schema takes it. */
async function changed(having: readonly Document[], path: FieldPath, enumerated: readonly unknown[]) {
  for (const document of having) {
    const was = await around(document);
    expect(countOf(was)).toBe(6);
    for (const other of others(valueAt(document, path), enumerated)) {
      const is = await around(withValue(document, path, other) as Document);
      if (countOf(is) === 6) return { was, is };
    }
  }
  throw new Error(`${path}: no other value is accepted; add one to the candidates`);
}

describe.each(cases)("every field that decides or runs: $file $path", ({ file, path, schema, documents }) => {
  const having = documents.filter((one) => valueAt(one, path) !== undefined);
  const isForPeople = FOR_PEOPLE[file]?.includes(path) === true;

  it("is in the documents of this test", () => {
    expect(having, `give ${path} a value in DOCUMENTS`).not.toEqual([]);
  });

  it("is covered by the fingerprint, and told by the comparison with a base", async () => {
    const { was, is } = await changed(having, path, schema.enum ?? []);
    const seen = [observation("standby")];
    const moved =
      fingerprintOfPlan(bindingOf(is.state, seen, [])) !== fingerprintOfPlan(bindingOf(was.state, seen, []));
    const side = ({ state, repository }: LoadResult) => ({
      profileOf,
      desired: state,
      repository: repository ?? DEFAULT_REPOSITORY,
    });
    const { connections, changes } = desiredDifference(side(was), side(is));
    expect([moved, connections.length + changes.length > 0]).toEqual([!isForPeople, !isForPeople]);
  });
});

it("a peer's connection is part of what is approved for the cluster that asks it", async () => {
  const seen = [observation("standby")];
  const of = async (leaf: Document) =>
    fingerprintOfPlan(bindingOf((await load([TELEPORT, leaf])).state, seen, []));
  const other = withValue(LEAF, "spec.teleport.tctl", ["./other"]) as Document;
  expect(await of(other)).not.toBe(await of(LEAF));
});

it("what a variable holds is no part of it: machines have other paths", async () => {
  const text = stringify(
    withValue(TELEPORT, "spec.teleport.identity_file", "$" + "{TELEPORT_IDENTITY_FILE}"),
  );
  const of = async (value: string) => {
    const folder = folderWith({ "all.yaml": text });
    const { state } = await loadResources(folder, { TELEPORT_IDENTITY_FILE: value }, NOW);
    return fingerprintOfPlan(bindingOf(state, [observation("standby")], []));
  };
  expect(await of("/home/ada/identity")).toBe(await of("/runner/identity"));
});

it("a plan that was approved with three probes is stale with none", async () => {
  const [authority] = AUTHORITIES;
  const probes = ["one", "two", "three"].map((name) => ({ kind: "tls", name, address: `${name}:443` }));
  const of = async (consumers: readonly unknown[]) => {
    const document = withValue(authority, "spec.trust_consumers", consumers) as Document;
    const { state } = await load([TELEPORT, document]);
    const seen = [observation("standby")];
    const plan = makePlan({
      desired: state,
      observations: seen,
      records: [],
      commit: null,
      now: NOW.getTime(),
    });
    return { plan, binding: bindingOf(state, seen, plan.clusters) };
  };
  const before = await of(probes);
  const made = { madeAt: "2026-11-21T12:00:00.000Z", version: "0.1.0" };
  const approved = [{ by: "file", name: "plan.json", file: sealPlan(before, made) }] as const;
  expect(staleClusters(approved, await of(probes))).toEqual(new Map());
  const failure = staleClusters(approved, await of([])).get(CLUSTER);
  expect(failure?.code).toBe("stale");
  expect(failure?.message).toContain("the certificate_authority host was changed in git");
});

it("what is done in words: a grace period", async () => {
  const was = await around(ROTATION);
  const is = await around(withValue(ROTATION, "spec.grace_period", "10m") as Document);
  const { changes } = desiredDifference(
    { profileOf, desired: was.state, repository: DEFAULT_REPOSITORY },
    { profileOf, desired: is.state, repository: DEFAULT_REPOSITORY },
  );
  expect(changes).toEqual([`${CLUSTER}: rotation host-2026-11: grace_period was 48h, and is 10m`]);
});

it("what is too long to read is told by what it is", async () => {
  const path = "spec.authorities[].next.certificate";
  const other = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
  const was = await around(ROTATION);
  const is = await around(withValue(ROTATION, path, other) as Document);
  const { changes } = desiredDifference(
    { profileOf, desired: was.state, repository: DEFAULT_REPOSITORY },
    { profileOf, desired: is.state, repository: DEFAULT_REPOSITORY },
  );
  expect(changes).toHaveLength(1);
  expect(changes[0]).not.toContain("CERTIFICATE");
  expect(changes[0]).toMatch(/certificate a text of \d+ characters \(sha256 \w{12}…\)/);
});

/** Fields that hold text and lead nowhere, each with the reason. */
const LEADS_NOWHERE: Readonly<Record<FieldPath, string>> = {
  "metadata.name": "names the cluster; what is reached has to have the same name",
  "metadata.description": "for people",
  "metadata.labels": "selects clusters",
  "metadata.expires": "Teleport's own, sent as it is",
  "metadata.revision": "Teleport's own, sent as it is",
  sub_kind: "a CA type, which the schema spells out",
  status: "written by the server",
  "spec.platform": "one of two words; another one is another connection",
  "spec.cluster": "names a cluster of the repository",
  "spec.phase": "one of five words",
  "spec.policy.pin_files": "patterns of files of the commit",
  "spec.policy.time_zone": "a name of the IANA database",
  "spec.policy.windows.from": "a time of day",
  "spec.policy.windows.to": "a time of day",
  "spec.policy.freezes.from": "a moment",
  "spec.policy.freezes.to": "a moment",
  "spec.policy.freezes.reason": "for people",
  "spec.checks.name": "for people; the command is told with it",
  "spec.checks.authorities": "CA types",
  "spec.checks.phases": "of five words",
  "spec.checks.login": "is told with the command, as a part of what is run",
  "spec.checks.target": "is told with the command, as a part of what is run",
  "spec.checks.user": "is told with the command, as a part of what is run",
  "spec.checks.labels": "is told with the command, as a part of what is run",
  "spec.peers": "names clusters of the repository, each with ways of its own",
  "spec.active_keys": "fingerprints",
  "spec.trust_consumers.name": "for people",
  "spec.trust_consumers.server_name": "is sent to an address that is judged itself",
  "spec.trust_consumers.ca_file": "a file of the commit",
  "spec.trust_consumers.path": "a file of the commit",
  "spec.trust_consumers.instructions": "for people",
  "spec.authorities.type": "a CA type",
  "spec.authorities.retire": "fingerprints",
  "spec.authorities.next.certificate": "a certificate, checked as one",
  "spec.authorities.next.key": "a sealed key",
  "spec.resume.reason": "for people",
  "spec.hold.reason": "for people",
  "spec.hold.until": "a moment",
  "spec.waves.name": "for people",
  "spec.waves.selector": "labels of clusters of the repository",
  "spec.acknowledge.step": "an id of a checklist",
  "spec.acknowledge.who": "for people",
  "spec.acknowledge.note": "for people",
  "spec.acknowledge.evidence": "for people",
  "spec.acknowledge.at": "a moment",
  "spec.acknowledge.commit": "a commit, for people",
  "spec.waive.subject": "names a finding",
  "spec.waive.reason": "for people",
  "spec.waive.expires": "a moment",
  "spec.certificate_overrides.public_key": "a hash",
  "spec.certificate_overrides.certificate": "a certificate, checked as one",
  "spec.certificate_overrides.chain": "certificates, checked as such",
  "spec.notify.events": "of four words",
  "spec.branch": "a branch of the remote, which is judged itself",
  "spec.approval.app": "whose check run counts: a merge that changes it is approved by neither",
  "spec.executables": "what pull requests to come may run: told first",
  "spec.addresses": "what pull requests to come may dial: told first",
};

describe("every field that names an executable, an address or a file is in the table of ways out", () => {
  const texts = cases
    .filter(({ schema }) => !/^a duration/.test(schema.title ?? ""))
    .filter(
      ({ schema }) => schema.type !== "integer" && schema.type !== "boolean" && schema.enum === undefined,
    )
    .map(({ path }) => path.replaceAll("[]", ""));

  it.each([...new Set(texts)].filter((path) => path !== "spec.policy.windows.days"))("%s", (path) => {
    const isOut = FIELDS_OUT.includes(path);
    expect([isOut, path in LEADS_NOWHERE], `${path}: in the table, or with a reason why not`).toEqual([
      isOut,
      !isOut,
    ]);
  });

  it("and the table has no field that no schema has", () => {
    expect(FIELDS_OUT.filter((field) => !texts.includes(field))).toEqual([]);
  });
});
