import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fieldOf } from "../../src/foreign-value.ts";
import { DEFAULT_POLICY } from "../../src/resources/read/build.ts";
import { loadResources } from "../../src/resources/read/load.ts";
import { withoutSecrets } from "../../src/secrets.ts";
import { CLUSTER, described, FIXTURES, fingerprint, folderWith, NOW, rotation } from "./folder.ts";

const ENV = {
  TELEPORT_AUTH_HOST: "acme.example.com",
  CAPSTAN_VAR_AUTH_PORT: "443",
  TELEPORT_IDENTITY_FILE: "/run/identity",
  CAPSTAN_VAR_HOME: "/root",
  CAPSTAN_VAR_EMPTY: "",
};

function fixture(name: string): string {
  return folderWith({ [`${name.split("/")[1]}.yaml`]: readFileSync(join(FIXTURES, `${name}.yaml`)) });
}

describe("what is refused, and what is said about it", () => {
  const names = readdirSync(join(FIXTURES, "refused"))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length));
  it.each(names)("%s", async (name) => {
    const { diagnostics } = await loadResources(fixture(`refused/${name}`), ENV, NOW);
    expect(diagnostics).not.toEqual([]);
    await expect(described(diagnostics)).toMatchFileSnapshot(join(FIXTURES, "refused", `${name}.txt`));
  });
});

describe("what is accepted", () => {
  it("reads every field of every kind", async () => {
    const { state, diagnostics } = await loadResources(fixture("accepted/everything-at-once"), ENV, NOW);
    expect(described(diagnostics)).toBe("");
    const file = "everything-at-once.yaml";
    const clusters = state.clusters.map(({ asWritten: _, ...cluster }) => cluster);
    expect(state.clusters.map(({ asWritten }) => fieldOf(asWritten?.connection, "identityFile"))).toEqual([
      expect.stringMatching(/^\$\{[A-Z_]+\}$/),
      null,
    ]);
    expect({ ...state, clusters }).toEqual({
      clusters: [
        {
          name: "acme.cluster",
          source: { file, line: 2 },
          platform: "teleport",
          connection: {
            tctl: ["ssh", "auth1", "sudo", "tctl"],
            authServer: "acme.example.com:443",
            identityFile: "/run/identity",
          },
          labels: { env: "production" },
          peers: ["leaf.cluster"],
          policy: {
            concurrentRotations: 2,
            soakMs: 5_400_000,
            onFailure: "halt",
            phaseTimeoutMs: 90_000,
            staleReadMs: 20_000,
            maxSessionTtlMs: 12 * 3_600_000,
            pinFiles: ["teleport.yaml", "helm/**/*.yaml"],
            timeZone: "Europe/Vienna",
            windows: [
              { days: ["mon", "thu"], from: "22:00", to: "04:00" },
              { days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "12:00", to: "24:00" },
            ],
            freezes: [
              { from: "2026-12-17T23:00:00.000Z", to: "2027-01-06T23:00:00.000Z", reason: "year-end" },
              { from: "2026-11-27T06:00:00.000Z", to: "2026-11-30T07:30:00.000Z", reason: "sale" },
            ],
          },
        },
        {
          name: "leaf.cluster",
          source: { file, line: 31 },
          platform: "teleport",
          connection: { tctl: ["tctl"], authServer: null, identityFile: null },
          backup: { by: "command", command: ["backup-authorities", "--vault=prod"], timeoutMs: 300_000 },
          peers: [],
          policy: DEFAULT_POLICY,
        },
      ],
      authorities: [
        {
          cluster: "acme.cluster",
          type: "host",
          source: { file, line: 36 },
          activeKeys: [fingerprint("b")],
          maxAgeMs: 8760 * 3_600_000,
          trustConsumers: [
            {
              kind: "postgres",
              name: "orders-db",
              address: "db-1.acme.example:5432",
              serverName: null,
              deadlineMs: 5_000,
            },
            {
              kind: "mysql",
              name: "shop-db",
              address: "db-2.acme.example",
              serverName: "shop.acme.example",
              deadlineMs: null,
            },
            { kind: "tls", name: "queue", address: "[2001:db8::1]:5671", serverName: null, deadlineMs: null },
            { kind: "openssh", name: "bastion", address: "bastion.acme.example", deadlineMs: null },
            {
              kind: "https-jwks",
              name: "apps",
              url: "https://apps.acme.example/.well-known/jwks.json",
              caFile: "pki/web.pem",
              deadlineMs: null,
            },
            { kind: "file", name: "ssh-clients", path: "ansible/files/known_hosts", deadlineMs: null },
            { kind: "manual", name: "firewall", instructions: "network@example.com looks", deadlineMs: null },
          ],
        },
      ],
      rotations: [
        {
          name: "db-2026-11",
          source: { file, line: 52 },
          cluster: "acme.cluster",
          authorities: [
            { type: "db", retire: [fingerprint("c")] },
            { type: "db_client", retire: [fingerprint("d"), fingerprint("e")] },
          ],
          phase: "update_clients",
          strategy: "walk",
          mode: "manual",
          gracePeriodMs: null,
          acknowledge: [
            {
              step: "db/init/databases",
              who: "ada",
              note: "both done",
              evidence: "OPS-12",
              at: "2026-11-20",
              commit: "4febbd1",
              source: { file, line: 65 },
            },
          ],
          waive: [
            {
              guard: "roster",
              subject: "node/node2",
              reason: "gone",
              expires: "2026-12-01T23:59:59.999Z",
              source: { file, line: 67 },
            },
            {
              guard: "soak",
              subject: "authority/db",
              reason: "urgent",
              expires: "2026-11-21T17:00:00.000Z",
              source: { file, line: 68 },
            },
          ],
          resume: "the database was repaired",
          // Made with Python's json.dumps(spec, sort_keys=True, separators=(',', ':')).
          contentHash: "a615dd2ad7cca2b5ddb25ac2ec6c6087c844eec5028fe2eed8b6a8741ba2f65d",
          contentWithoutResume: "6cbab8595a57432f24bbf2d6a2557dbf399cfcf2c792ef99065db26decdfac0e",
        },
        {
          name: "user-2026-12",
          source: { file, line: 70 },
          cluster: "acme.cluster",
          authorities: [{ type: "user", retire: [fingerprint("f")] }],
          phase: "standby",
          strategy: "step",
          mode: "auto",
          gracePeriodMs: 48 * 3_600_000,
          acknowledge: [],
          waive: [],
          resume: null,
          contentHash: "6ebe0295b027b3062dfeb070719b698a23371e42d9150daed1576fb8b5943a89",
        },
      ],
      overrides: [
        {
          cluster: "acme.cluster",
          type: "db_client",
          source: { file, line: 81 },
          document: {
            kind: "cert_authority_override",
            sub_kind: "db_client",
            version: "v1",
            metadata: { name: "acme.cluster", revision: "7a1e" },
            spec: { certificate_overrides: [{ public_key: "d".repeat(64), disabled: true }] },
            status: {},
          },
        },
      ],
    });
  });

  it("fills in the defaults of the design", async () => {
    const folder = folderWith({ "a.yaml": `${CLUSTER}---\n${rotation("host-2026-11", "a")}` });
    const { state, diagnostics } = await loadResources(folder, {}, NOW);
    expect(described(diagnostics)).toBe("");
    expect(state.clusters[0]).toMatchObject({
      connection: { tctl: ["tctl"], authServer: null, identityFile: null },
      policy: { concurrentRotations: 1, soakMs: 1_800_000, onFailure: "rollback", phaseTimeoutMs: 600_000 },
    });
    expect(state.rotations[0]).toMatchObject({
      strategy: "step",
      mode: "manual",
      gracePeriodMs: null,
      acknowledge: [],
      waive: [],
      resume: null,
    });
  });

  it("reads every field of a Talos cluster, with variables and absolute files", async () => {
    const folder = fixture("accepted/a-talos-cluster");
    const { state, diagnostics } = await loadResources(
      folder,
      { ...ENV, CAPSTAN_VAR_CONTROL_PLANE: "10.0.0.3" },
      NOW,
    );
    expect(described(diagnostics)).toBe("");
    expect(state.clusters.map(({ platform, connection }) => ({ platform, connection }))).toEqual([
      {
        platform: "talos",
        connection: {
          talosctl: ["ssh", "bastion", "talosctl"],
          kubectl: ["kubectl-1.35"],
          talosconfig: "/root/.talos/config",
          context: "prod",
          endpoints: ["10.0.0.2", "lb.example.com:50000"],
          controlPlanes: ["10.0.0.2", "10.0.0.3", "fd00::4"],
          workers: ["worker-1.example.com"],
          kubeconfig: "/etc/kubeconfig",
          clients: {
            talosconfig: join(folder, ".capstan/clients/talosconfig"),
            kubeconfig: join(folder, ".capstan/clients/kubeconfig"),
          },
          recipients: ["age1a47pdl4250z3e3xltszyh4uxqvyx0v3kgag8y3mepsc965wu2g6q3q3gge"],
          secrets: join(folder, "talos/secrets.sops.yaml"),
        },
      },
      {
        platform: "talos",
        connection: {
          talosctl: ["talosctl"],
          kubectl: ["kubectl"],
          talosconfig: join(folder, "lab/talosconfig"),
          context: null,
          endpoints: ["192.168.0.2"],
          controlPlanes: ["192.168.0.2"],
          workers: [],
          kubeconfig: null,
          clients: { talosconfig: null, kubeconfig: null },
          recipients: [],
          secrets: null,
        },
      },
    ]);
    expect(state.authorities.map(({ type }) => type)).toEqual(["talos", "kubernetes"]);
    expect(state.rotations[0]?.authorities).toEqual([
      {
        type: "kubernetes",
        retire: [fingerprint("b")],
        next: {
          certificate: expect.stringMatching(
            /^-----BEGIN CERTIFICATE-----\n[\s\S]+\n-----END CERTIFICATE-----\n$/,
          ),
          key: expect.stringMatching(
            /^-----BEGIN AGE ENCRYPTED FILE-----\n[\s\S]+\n-----END AGE ENCRYPTED FILE-----\n$/,
          ),
        },
      },
    ]);
  });

  it("refuses an address out of the environment that is no single one", async () => {
    const folder = fixture("accepted/a-talos-cluster");
    const { diagnostics } = await loadResources(
      folder,
      { ...ENV, CAPSTAN_VAR_CONTROL_PLANE: "10.0.0.3,10.0.0.4" },
      NOW,
    );
    expect(described(diagnostics)).toContain("spec.talos.control_planes[1]");
    expect(described(diagnostics)).not.toContain("10.0.0.4");
  });

  it.each(["other-peoples-yaml", "a-broken-helm-template"])(
    "%s: passed over, and not among the files",
    async (name) => {
      expect(await loadResources(fixture(`accepted/${name}`), {}, NOW)).toEqual({
        state: { clusters: [], authorities: [], rotations: [], overrides: [] },
        repository: null,
        repositories: [],
        diagnostics: [],
        files: [],
        overrideDocuments: [],
      });
    },
  );

  it("Teleport's own resources beside ours, as the two roles that the README says to copy", async () => {
    const roles = ["plan-bot.yaml", "apply-bot.yaml"];
    const folder = folderWith({
      "cluster.yaml": CLUSTER,
      ...Object.fromEntries(roles.map((name) => [name, readFileSync(join(FIXTURES, "..", "roles", name))])),
    });
    const { state, files, diagnostics } = await loadResources(folder, {}, NOW);
    expect(described(diagnostics)).toBe("");
    expect(state.clusters.map(({ name }) => name)).toEqual(["acme.cluster"]);
    expect(files.map(({ path }) => path)).toEqual(["cluster.yaml"]);
  });

  it("takes resources from any file at any depth, and gives back the texts", async () => {
    const files = {
      "b/c/d.yml": rotation("host-2026-11", "a"),
      "a.yaml": CLUSTER,
      "readme.md": "kind: cluster",
    };
    const result = await loadResources(folderWith(files), {}, NOW);
    expect(result.diagnostics).toEqual([]);
    expect(result.files).toEqual([
      { path: "a.yaml", text: files["a.yaml"] },
      { path: "b/c/d.yml", text: files["b/c/d.yml"] },
    ]);
    expect(result.state.rotations[0]?.source).toEqual({ file: "b/c/d.yml", line: 1 });
  });
});

describe("the content hash of a rotation", () => {
  const hashOf = async (text: string) => {
    const folder = folderWith({ "a.yaml": `${CLUSTER}---\n${text}` });
    return (await loadResources(folder, {}, NOW)).state.rotations[0]?.contentHash;
  };
  const original = rotation("host-2026-11", "a");

  it("stays when only name, order, comments and layout change", async () => {
    const moved = `# Moved.
version: v1
kind: ca_rotation
metadata: { name: other, description: why }
spec:
  phase: "init" # first
  authorities: [{ retire: ["${fingerprint("a")}"], type: host }]
  cluster: acme.cluster
`;
    expect(await hashOf(moved)).toBe(await hashOf(original));
  });

  it("changes with the phase, and with a reason to resume", async () => {
    const hashes = await Promise.all([
      hashOf(original),
      hashOf(original.replace("phase: init", "phase: update_clients")),
      hashOf(`${original}  resume: { reason: repaired }\n`),
    ]);
    expect(new Set(hashes).size).toBe(3);
  });
});

describe("several files together", () => {
  it("names the other file of a duplicate, and reports every file at once", async () => {
    const folder = folderWith({
      "clusters.yaml": CLUSTER,
      "again/clusters.yaml": CLUSTER,
      "rotations.yaml": rotation("host-2026-11", "a", "inti"),
    });
    expect(described((await loadResources(folder, {}, NOW)).diagnostics)).toMatchInlineSnapshot(`
      "clusters.yaml:3:19: error: cluster "acme.cluster" stands a second time; the
          first is in again/clusters.yaml:1
        3 | metadata: { name: acme.cluster }
          |                   ^
        keep one of them
      rotations.yaml:8:10: error: spec.phase cannot be "inti"
        8 |   phase: inti
          |          ^
        did you mean "init"?
      "
    `);
  });

  it("does not claim that a cluster is missing while a file could not be understood", async () => {
    const folder = folderWith({
      "a.yaml": rotation("host-2026-11", "a"),
      "b.yaml": "kind: cluster\nspec: [",
    });
    const { diagnostics } = await loadResources(folder, {}, NOW);
    expect(diagnostics.map(({ file }) => file)).toEqual(["b.yaml"]);
  });

  it("lets a finished rotation stay beside the next one", async () => {
    const folder = folderWith({
      "a.yaml": `${CLUSTER}---\n${rotation("host-2025", "a", "standby")}---\n${rotation("host-2026", "b")}`,
    });
    expect((await loadResources(folder, {}, NOW)).diagnostics).toEqual([]);
  });

  it("is silent about a waiver on its last day, and warns on the next", async () => {
    const waived = `${rotation("r", "a")}  waive:\n    - { guard: roster, subject: node/n, reason: gone, expires: 2026-11-21 }\n`;
    const folder = folderWith({ "a.yaml": `${CLUSTER}---\n${waived}` });
    expect((await loadResources(folder, {}, new Date("2026-11-21T23:59:00Z"))).diagnostics).toEqual([]);
    const later = await loadResources(folder, {}, new Date("2026-11-22T00:00:00Z"));
    expect(later.diagnostics.map(({ severity }) => severity)).toEqual(["warning"]);
  });

  it("names every variable that a text lacks", async () => {
    const connection = `\n  platform: teleport\n  teleport: { auth_server: "${"$"}{CAPSTAN_VAR_LACKING}:${"$"}{CAPSTAN_VAR_ALSO_LACKING}" }`;
    const folder = folderWith({ "a.yaml": CLUSTER.replace("{ platform: teleport }", connection) });
    const { diagnostics } = await loadResources(folder, ENV, NOW);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      "the environment variables CAPSTAN_VAR_LACKING, CAPSTAN_VAR_ALSO_LACKING are not set",
    ]);
  });

  it("survives more mistakes than a call may have arguments", async () => {
    const folder = folderWith({ "a.yaml": CLUSTER + "}\n".repeat(130_000) });
    expect((await loadResources(folder, {}, NOW)).diagnostics.length).toBeGreaterThan(125_000);
  });

  it("never prints what a variable holds", async () => {
    const folder = folderWith({
      "a.yaml": CLUSTER.replace(
        "{ platform: teleport }",
        '\n  platform: telport\n  teleport: { auth_server: "$' + '{TELEPORT_AUTH_HOST}", identity: x }',
      ),
    });
    const { diagnostics } = await loadResources(folder, ENV, NOW);
    expect(diagnostics.length).toBe(2);
    expect(JSON.stringify(diagnostics)).not.toContain(ENV.TELEPORT_AUTH_HOST);
  });
});

describe("variables: who may write YAML chooses no secret of the environment", () => {
  const cluster = (address: string) =>
    `kind: cluster\nversion: v1\nmetadata: { name: acme.cluster }\nspec:\n  platform: teleport\n  teleport: { auth_server: "${address}" }\n`;
  const named = (name: string) => cluster(`$${`{${name}}`}:443`);

  it.each([
    ["TELEPORT_PROXY", {}],
    ["CAPSTAN_VAR_ADDRESS", {}],
    ["OUR_ADDRESS", { CAPSTAN_VARIABLES: "OTHER, OUR_ADDRESS" }],
    ["OUR_ADDRESS", { CAPSTAN_VARIABLES: "OTHER OUR_ADDRESS" }],
  ])("%s is taken %o", async (name, env) => {
    const folder = folderWith({ "c.yaml": named(name) });
    const { state, diagnostics } = await loadResources(folder, { ...env, [name]: "acme.example" }, NOW);
    expect(described(diagnostics)).toBe("");
    expect(fieldOf(state.clusters[0]?.connection, "authServer")).toBe("acme.example:443");
    expect(fieldOf(state.clusters[0]?.asWritten?.connection, "authServer")).toBe(`$${`{${name}}:443`}`);
    expect(withoutSecrets("cannot dial acme.example:443")).toContain("$" + "{");
  });

  it.each([
    "GITHUB_TOKEN",
    "HOME",
    "CAPSTAN_VARIABLES",
    "CAPSTAN_HOOK_SECRET",
    "OUR_ADDRESS",
    "teleport_proxy",
  ])("%s is refused, set or not", async (name) => {
    const folder = folderWith({ "c.yaml": named(name) });
    for (const env of [{ [name]: "a-value-of-it" }, {}]) {
      const { state, diagnostics } = await loadResources(folder, env, NOW);
      expect(diagnostics).toMatchObject([
        {
          severity: "error",
          message: `spec.teleport.auth_server names the environment variable ${name}, which resources may not`,
          suggestion: expect.stringContaining(`CAPSTAN_VAR_${name}`),
        },
      ]);
      expect(JSON.stringify([state, diagnostics])).not.toContain("a-value-of-it");
    }
  });
});
