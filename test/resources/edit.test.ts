import { diffArrays } from "diff";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { setActiveKeys } from "../../src/resources/edit/edit-authority.ts";
import {
  appendDocument,
  renderAuthority,
  renderCluster,
  renderRotation,
} from "../../src/resources/edit/edit-render.ts";
import {
  addRotation,
  clearAcknowledgements,
  setResume,
  setRotationPhase,
} from "../../src/resources/edit/edit-rotation.ts";
import { loadResources } from "../../src/resources/read/load.ts";
import { PHASES } from "../../src/rotation/phase.ts";
import type { TalosConnection } from "../../src/talos/resources/connection.ts";
import { CLUSTER, described, fingerprint, folderWith, NOW, rotation } from "./folder.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map(fingerprint) as [
  `sha256:${string}`,
  `sha256:${string}`,
  `sha256:${string}`,
  `sha256:${string}`,
];

const HOST = { cluster: "acme.cluster", type: "host" };

/** A file as people leave it: comments everywhere, odd indentation, quotes, several documents. */
const ODD = `# CAs of acme.   Ask ada before touching.

#
kind:   cluster   # reach
version: "v1"
metadata:   {name: acme.cluster,}
spec:
      platform:    teleport
      policy: { soak:   45m }   # slow on purpose


---   # rotation of the year
kind: ca_rotation
version: v1
metadata: { name: 'host-2026-11' }
spec:
    cluster:   acme.cluster
    authorities:
    -   type:    host
        retire:
        - ${A}
    # phase: standby
    phase:    "init"      # ops-4711, since Monday\t
    waive:
    -   {  guard: roster, subject: "node/node2",
           reason: node2 is being
              decommissioned
           , expires: 2126-12-01 }
---

kind: certificate_authority
sub_kind:   host
version: v1
metadata: { name: acme.cluster }
spec:
    active_keys:   # who signs
    -   ${A}   # made in 2024
    # the other one
    -   '${B}'
    max_age:   8760h
...
---
# Nothing here.
`;

function changed(before: string, after: string): string[] {
  return diffArrays(before.split("\n"), after.split("\n")).flatMap(({ added, removed, value }) =>
    added || removed ? value.map((line) => (added ? `+${line}` : `-${line}`)) : [],
  );
}

async function load(text: string) {
  const result = await loadResources(
    folderWith({ "a.yaml": text }),
    { TELEPORT_IDENTITY: "/run/identity" },
    NOW,
  );
  expect(described(result.diagnostics)).toBe("");
  return result.state;
}

describe("setRotationPhase", () => {
  it("changes one word, and keeps its quotes and its comment", async () => {
    const after = setRotationPhase(ODD, "host-2026-11", "update_clients");
    expect(changed(ODD, after)).toEqual([
      '-    phase:    "init"      # ops-4711, since Monday\t',
      '+    phase:    "update_clients"      # ops-4711, since Monday\t',
    ]);
    expect((await load(after)).rotations[0]?.phase).toBe("update_clients");
  });

  it("gives the same text for the same phase, byte by byte", () => {
    expect(setRotationPhase(ODD, "host-2026-11", "init")).toBe(ODD);
  });

  it("goes there and back again", () => {
    const there = setRotationPhase(ODD, "host-2026-11", "rollback");
    expect(setRotationPhase(there, "host-2026-11", "init")).toBe(ODD);
  });

  it("keeps CRLF and the byte order mark", () => {
    const text = `\uFEFF${ODD.replaceAll("\n", "\r\n")}`;
    const after = setRotationPhase(text, "host-2026-11", "standby");
    expect(after).toBe(text.replace('"init"', '"standby"'));
  });

  it("takes the right one of several rotations", () => {
    const text = [CLUSTER, rotation("one", "a"), rotation("two", "b"), rotation("three", "c")].join("---\n");
    const after = setRotationPhase(text, "two", "rollback");
    expect(changed(text, after)).toEqual(["-  phase: init", "+  phase: rollback"]);
    expect(after.indexOf("rollback")).toBeGreaterThan(after.indexOf("name: two"));
    expect(after.indexOf("rollback")).toBeLessThan(after.indexOf("name: three"));
  });

  it("edits flow maps, plain and single quotes", () => {
    const text = `{kind: ca_rotation, version: v1, metadata: {name: r}, spec: {phase: 'init', cluster: c, authorities: [{type: host, retire: [${A}]}]}}`;
    expect(setRotationPhase(text, "r", "standby")).toBe(text.replace("'init'", "'standby'"));
  });

  it("replaces an alias by the phase itself", () => {
    const text = rotation("r", "a")
      .replace("name: r", "name: r, description: &p init")
      .replace("phase: init", "phase: *p");
    expect(changed(text, setRotationPhase(text, "r", "standby"))).toEqual([
      "-  phase: *p",
      "+  phase: standby",
    ]);
  });

  it.each([
    [
      "an anchor that something else uses",
      rotation("r", "a", "&p init").replace(/$/, "  resume: { reason: *p }\n"),
    ],
    ["a block of text", rotation("r", "a", "|-\n    init")],
  ])("refuses what it could only spoil: %s", (_, text) => {
    expect(() => setRotationPhase(text, "r", "standby")).toThrow(/cannot edit spec.phase of ca_rotation "r"/);
  });

  it("says what is missing", () => {
    expect(() => setRotationPhase(ODD, "user-2026-11", "init")).toThrow(
      'the file has no ca_rotation "user-2026-11"',
    );
    const without = rotation("r", "a").replace("  phase: init\n", "");
    expect(() => setRotationPhase(without, "r", "init")).toThrow('ca_rotation "r" has no spec.phase');
    expect(() => setRotationPhase(`${ODD}---\nkind: [`, "r", "init")).toThrow(
      /cannot edit a file with errors: line \d+/,
    );
  });

  it("changes nothing but the phase, whatever stands around it", () => {
    const comment = fc.constantFrom("", "  # why", "\t#x", " ");
    const gap = fc.constantFrom("", "\n", "# note\n", "\n\n  # note\n");
    const quote = fc.constantFrom("", "'", '"');
    const end = fc.constantFrom("\n", "\r\n");
    fc.assert(
      fc.property(
        fc.constantFrom(...PHASES),
        fc.constantFrom(...PHASES),
        quote,
        comment,
        gap,
        end,
        fc.integer({ min: 1, max: 6 }),
        (from, to, mark, trailing, between, lineEnd, spaces) => {
          const indent = " ".repeat(spaces);
          const build = (phase: string) =>
            `${between}kind: ca_rotation\nversion: v1\nmetadata: {name: r}\nspec:\n${indent}cluster: c\n${between}${indent}phase:  ${mark}${phase}${mark}${trailing}\n${between}${indent}authorities: []\n---\n${between}`.replaceAll(
              "\n",
              lineEnd,
            );
          expect(setRotationPhase(build(from), "r", to)).toBe(build(to));
        },
      ),
    );
  });
});

describe("setActiveKeys", () => {
  it("puts a new key in the place of the old one", async () => {
    const finished = setRotationPhase(ODD, "host-2026-11", "standby");
    const after = setActiveKeys(finished, HOST, [C, B]);
    expect(changed(finished, after)).toEqual([
      `-    -   ${A}   # made in 2024`,
      `+    -   ${C}   # made in 2024`,
    ]);
    expect((await load(after)).authorities[0]?.activeKeys).toEqual([C, B]);
  });

  it("keeps quotes, and is happy with any order", () => {
    expect(changed(ODD, setActiveKeys(ODD, HOST, [A, C]))).toEqual([`-    -   '${B}'`, `+    -   '${C}'`]);
    expect(setActiveKeys(ODD, HOST, [B, A])).toBe(ODD);
  });

  it("adds and removes lines of a block", () => {
    expect(changed(ODD, setActiveKeys(ODD, HOST, [A, B, C, D]))).toEqual([`+    -   ${C}`, `+    -   ${D}`]);
    expect(changed(ODD, setActiveKeys(ODD, HOST, [B]))).toEqual([`-    -   ${A}   # made in 2024`]);
    expect(changed(ODD, setActiveKeys(ODD, HOST, [A]))).toEqual([`-    -   '${B}'`]);
    expect(changed(ODD, setActiveKeys(ODD, HOST, [C]))).toEqual([
      `-    -   ${A}   # made in 2024`,
      `+    -   ${C}   # made in 2024`,
      `-    -   '${B}'`,
    ]);
  });

  it("adds lines with the file's own line ends", () => {
    const text = ODD.replaceAll("\n", "\r\n");
    const after = setActiveKeys(text, HOST, [A, B, C]);
    expect(after).toBe(text.replace(`'${B}'\r\n`, `'${B}'\r\n    -   ${C}\r\n`));
  });

  const authority = (keys: string) =>
    `kind: certificate_authority\nsub_kind: host\nversion: v1\nmetadata: { name: acme.cluster }\nspec:\n  active_keys: ${keys}`;

  it.each([
    ["replaces in brackets", `[${A}] # x\n`, [B], `[${B}] # x\n`],
    ["adds in brackets", `[ ${A} ]\n`, [A, B], `[ ${A}, ${B} ]\n`],
    ["removes the first in brackets", `[${A}, ${B}, ${C}]\n`, [B, C], `[${B}, ${C}]\n`],
    ["removes the last in brackets", `[${A}, ${B}]\n`, [A], `[${A}]\n`],
    [
      "adds a line in broken brackets",
      `[\n    ${A}, # x\n  ]\n`,
      [A, B],
      `[\n    ${A},\n    ${B}, # x\n  ]\n`,
    ],
    ["removes a line in broken brackets", `[\n    ${A},\n    ${B},\n  ]\n`, [B], `[\n    ${B},\n  ]\n`],
    [
      "removes the last line in broken brackets",
      `[\n    ${A},\n    ${B},\n  ]\n`,
      [A],
      `[\n    ${A},\n  ]\n`,
    ],
    ["adds at the end of a file without a line end", `\n  - ${A}`, [A, B], `\n  - ${A}\n  - ${B}`],
    ["removes at the end of a file without a line end", `\n  - ${A}\n  - ${B}`, [A], `\n  - ${A}`],
    ["repairs a key that stands there twice", `[${A}, ${A}]\n`, [A], `[${A}]\n`],
  ])("%s", (_, before, keys, after) => {
    expect(setActiveKeys(authority(before), HOST, keys)).toBe(authority(after));
  });

  it("takes the CA of the right type and cluster", () => {
    const other = (name: string, type: string) =>
      renderAuthority({ platform: "teleport", cluster: name, type, activeKeys: [A] });
    const text = [
      other("acme.cluster", "user"),
      other("b.cluster", "host"),
      other("acme.cluster", "host"),
    ].join("---\n");
    const after = setActiveKeys(text, HOST, [B]);
    expect(after.lastIndexOf(B)).toBe(after.indexOf(B));
    expect(after.indexOf(B)).toBeGreaterThan(after.lastIndexOf("sub_kind: host"));
    expect(() => setActiveKeys(text, { cluster: "b.cluster", type: "user" }, [B])).toThrow(
      'the file has no certificate_authority "user" of "b.cluster"',
    );
  });

  it("refuses to change a list that something else shares", () => {
    const text = `kind: certificate_authority
sub_kind: host
version: v1
metadata: { name: acme.cluster }
spec:
  trust_consumers: [{ kind: manual, name: x, keys: &keys [${A}] }]
  active_keys: *keys
`;
    expect(() => setActiveKeys(text, HOST, [B])).toThrow(/cannot edit spec.active_keys/);
  });

  it("reaches any set from any set, and loads again", () => {
    const subset = fc.subarray([A, B, C, D], { minLength: 1 });
    const layout = fc.constantFrom(
      (keys: readonly string[]) => `[${keys.join(", ")}]\n`,
      (keys: readonly string[]) => `[\n    ${keys.join(",\n    ")}\n  ]\n`,
      (keys: readonly string[]) => `\n${keys.map((key) => `  - ${key} # c\n`).join("")}`,
      (keys: readonly string[]) =>
        `\n${keys.map((key) => `  # c\n      -  "${key}"\n`).join("\n")}  max_age: 1h\n`,
    );
    fc.assert(
      fc.property(subset, subset, layout, (from, to, write) => {
        const once = setActiveKeys(authority(write(from)), HOST, to);
        for (const key of [A, B, C, D]) expect(once.includes(key)).toBe(to.includes(key));
        expect(setActiveKeys(once, HOST, to)).toBe(once);
      }),
    );
  });
});

const POLICY = {
  concurrentRotations: 1,
  soakMs: 30 * 60_000,
  onFailure: "rollback",
  phaseTimeoutMs: 10 * 60_000,
} as const;

describe("new resources", () => {
  it("are written with the comments that a first reader needs, and load", async () => {
    const cluster = renderCluster({
      name: "acme.cluster",
      platform: "teleport",
      policy: POLICY,
      connection: {
        tctl: ["tctl"],
        authServer: "acme.example.com:443",
        identityFile: "$" + "{TELEPORT_IDENTITY}",
      },
      schema: "../schemas/cluster.schema.json",
    });
    const authorities = ["host", "user"].map((type) =>
      renderAuthority({
        platform: "teleport",
        cluster: "acme.cluster",
        type,
        activeKeys: [A],
        maxAgeMs: 8760 * 3_600_000,
      }),
    );
    const text = [...authorities].reduce(appendDocument, cluster);
    const whole = addRotation(text, {
      name: "host-2026-11",
      cluster: "acme.cluster",
      authorities: [{ type: "host", retire: [A] }],
      phase: "init",
    });
    expect(whole).toMatchInlineSnapshot(`
      "# yaml-language-server: $schema=../schemas/cluster.schema.json

      # How to reach the cluster, and how careful its rotations are.
      kind: cluster
      version: v1
      metadata:
        name: acme.cluster
      spec:
        platform: teleport
        teleport:
          tctl: [tctl] # executable and leading arguments
          auth_server: acme.example.com:443
          identity_file: \${TELEPORT_IDENTITY}
        policy:
          concurrent_rotations: 1
          soak: 30m # at least this long in every phase
          phase_timeout: 10m # for the components to follow
          on_failure: rollback # rollback, or halt and wait for a person
      ---
      kind: certificate_authority
      sub_kind: host
      version: v1
      metadata:
        name: acme.cluster
      spec:
        # Who may sign: SHA-256 of the public key, which is Teleport's CA pin.
        active_keys:
          - sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        max_age: 8760h
      ---
      kind: certificate_authority
      sub_kind: user
      version: v1
      metadata:
        name: acme.cluster
      spec:
        # Who may sign: SHA-256 of the public key, which is Teleport's CA pin.
        active_keys:
          - sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        max_age: 8760h
      ---
      kind: ca_rotation
      version: v1
      metadata:
        name: host-2026-11
      spec:
        cluster: acme.cluster
        # The keys that are retired name the rotation: it never starts twice.
        authorities:
          - type: host
            retire:
              - sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        # One step per commit: init, update_clients, update_servers, standby (finished); or rollback.
        phase: init
      "
    `);
    const state = await load(whole);
    expect(state.clusters[0]?.connection).toEqual({
      tctl: ["tctl"],
      authServer: "acme.example.com:443",
      identityFile: "/run/identity",
    });
    expect(state.rotations[0]).toMatchObject({ name: "host-2026-11", phase: "init", strategy: "step" });
  });

  it("a Talos cluster loads as what it was, with its files in the repository", async () => {
    const connection: TalosConnection = {
      talosctl: ["talosctl"],
      kubectl: ["kubectl"],
      talosconfig: "/etc/talos/config",
      context: "prod",
      endpoints: ["10.0.0.2"],
      controlPlanes: ["10.0.0.2"],
      workers: ["10.0.0.11"],
      kubeconfig: null,
      clients: { talosconfig: ".capstan/clients/talosconfig", kubeconfig: null },
      recipients: ["age1a47pdl4250z3e3xltszyh4uxqvyx0v3kgag8y3mepsc965wu2g6q3q3gge"],
      secrets: null,
    };
    const cluster = { name: "prod", platform: "talos", policy: POLICY } as const;
    const text = renderCluster({ ...cluster, connection });
    expect(text).toMatchInlineSnapshot(`
      "# How to reach the cluster, and how careful its rotations are.
      kind: cluster
      version: v1
      metadata:
        name: prod
      spec:
        platform: talos
        talos:
          talosctl: [talosctl] # executable and leading arguments
          kubectl: [kubectl] # the same, for the Kubernetes CA
          talosconfig: /etc/talos/config
          context: prod
          # Every machine by its address: discovery may forget one, or give a shared address.
          control_planes:
            - 10.0.0.2
          workers:
            - 10.0.0.11
          # Written for every phase of a rotation; keep them out of git.
          clients:
            talosconfig: .capstan/clients/talosconfig
          # Who can open the CA keys that capstan seals.
          recipients:
            - age1a47pdl4250z3e3xltszyh4uxqvyx0v3kgag8y3mepsc965wu2g6q3q3gge
        policy:
          concurrent_rotations: 1
          soak: 30m # at least this long in every phase
          phase_timeout: 10m # for the components to follow
          on_failure: rollback # rollback, or halt and wait for a person
      "
    `);
    const talos = (await load(text)).clusters[0]?.connection;
    expect(talos).toMatchObject({
      ...connection,
      clients: {
        talosconfig: expect.stringMatching(/^\/.+\/\.capstan\/clients\/talosconfig$/),
        kubeconfig: null,
      },
    });
    const least = {
      ...connection,
      recipients: [],
      workers: [],
      clients: { talosconfig: null, kubeconfig: null },
    };
    expect(renderCluster({ ...cluster, connection: least })).not.toMatch(/recipients|workers|clients|null/);
  });

  it("leave out what is not said", () => {
    const text = renderCluster({
      name: "acme.cluster",
      platform: "teleport",
      policy: POLICY,
      connection: { tctl: ["tctl"], authServer: null, identityFile: null },
    });
    expect(text).not.toMatch(/auth_server|identity_file|talos|yaml-language-server|null/);
    expect(
      renderAuthority({ platform: "teleport", cluster: "c", type: "host", activeKeys: [A] }),
    ).not.toContain("max_age");
  });

  it("quote what YAML would read as something else", async () => {
    const text = renderCluster({
      name: "2026",
      platform: "teleport",
      policy: POLICY,
      connection: {
        tctl: ["true", "a: b", "#", "~", "- x", "1e3", "ünï"],
        authServer: "null",
        identityFile: null,
      },
    });
    expect((await load(text)).clusters[0]).toMatchObject({
      name: "2026",
      connection: { tctl: ["true", "a: b", "#", "~", "- x", "1e3", "ünï"], authServer: "null" },
    });
  });

  it("a rotation says all that it was asked for", async () => {
    const text = renderRotation({
      name: "user-2026-11",
      cluster: "acme.cluster",
      authorities: [{ type: "user", retire: [B, C] }],
      phase: "init",
      strategy: "walk",
      mode: "auto",
      gracePeriodMs: 172_800_000,
    });
    expect((await load(`${CLUSTER}---\n${text}`)).rotations[0]).toMatchObject({
      authorities: [{ type: "user", retire: [B, C] }],
      strategy: "walk",
      mode: "auto",
      gracePeriodMs: 172_800_000,
    });
  });
});

describe("addRotation", () => {
  const added = {
    name: "new",
    cluster: "acme.cluster",
    authorities: [{ type: "user", retire: [A] }],
    phase: "init",
  } as const;
  const document = renderRotation(added);

  it.each([
    ["a new file", null, document],
    ["an empty file", "", document],
    ["a file of comments", "# mine\n", `# mine\n${document}`],
    ["a file with a document", CLUSTER, `${CLUSTER}---\n${document}`],
    ["a file without a line end", CLUSTER.trimEnd(), `${CLUSTER}---\n${document}`],
    ["a file that ends its document", `${CLUSTER}...\n`, `${CLUSTER}...\n---\n${document}`],
    [
      "a file with CRLF",
      CLUSTER.replaceAll("\n", "\r\n"),
      `${CLUSTER}---\n${document}`.replaceAll("\n", "\r\n"),
    ],
  ])("to %s", (_, before, after) => expect(addRotation(before, added)).toBe(after));

  it("leaves everything before it as it was", () => {
    expect(addRotation(ODD, added).startsWith(ODD)).toBe(true);
  });

  it("refuses a file with errors", () => {
    expect(() => addRotation("kind: [", added)).toThrow(/cannot edit a file with errors/);
  });
});

describe("the reason for starting again", () => {
  const file = `# keep me
kind: ca_rotation
version: v1
metadata: { name: host-2026-11 }
spec:
  cluster: acme.cluster
  authorities: [{ type: host, retire: [${A}] }]
  phase: init # where it is
  waive: []
`;

  it("stands below the phase, and nothing else changes", () => {
    const once = setResume(file, "host-2026-11", 'node2 is "back"');
    expect(once.split("\n").filter((line) => !file.split("\n").includes(line))).toEqual([
      '  resume: { reason: "node2 is \\"back\\"" }',
    ]);
    expect(once.replace(/ {2}resume.*\n/, "")).toBe(file);
  });

  it("replaces the one that is there", () => {
    const twice = setResume(setResume(file, "host-2026-11", "first"), "host-2026-11", "second");
    expect(twice).toContain('resume: { reason: "second" }');
    expect(twice).not.toContain("first");
  });

  it("is refused for a spec in braces", () => {
    const braces = file.replace(/spec:[\s\S]*/, `spec: { cluster: c, authorities: [], phase: init }\n`);
    expect(() => setResume(braces, "host-2026-11", "x")).toThrow(/cannot edit/);
  });
});

describe("clearing acknowledgements", () => {
  const head = `kind: ca_rotation
version: v1
metadata: { name: host-2026-11 }
spec:
  cluster: acme.cluster
  authorities:
    - { type: host, retire: [${A}] }
`;

  it.each([
    ["in one line", "  acknowledge: [{ step: host/init/x, who: ada }] # said\n", "  phase: init\n"],
    [
      "one a line",
      "  acknowledge: # work\n    - { step: a, who: ada } # yes\n    - { step: b, who: bob }\n",
      "  # the phase\n  phase: init\n",
    ],
    ["spelt out", "  acknowledge:\n    - step: a\n      who: ada\n      note: all nine\n", "  phase: init\n"],
    ["an empty list", "  acknowledge: []\n", "  phase: init\n"],
  ])("%s", (_, stated, phase) => {
    expect(clearAcknowledgements(head + stated + phase, "host-2026-11")).toBe(head + phase);
    expect(clearAcknowledgements(`${head}${phase}${stated}`.trimEnd(), "host-2026-11")).toBe(head + phase);
    expect(clearAcknowledgements(head + phase, "host-2026-11")).toBe(head + phase);
  });
});
