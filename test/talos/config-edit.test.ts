import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { mintAuthority, type PemPair } from "../../src/sandbox/talos/certificates.ts";
import { machineConfigText } from "../../src/sandbox/talos/config-text.ts";
import { dialectOf } from "../../src/sandbox/talos/dialect.ts";
import { makeSecrets, type SecretsBundle } from "../../src/sandbox/talos/secrets-bundle.ts";
import { encodeBase64 } from "../../src/sandbox/values.ts";
import { withAuthority } from "../../src/talos/config-edit.ts";
import { EditProblem } from "../../src/talos/edit-problem.ts";
import { readIssuingKey, readMachineConfig } from "../../src/talos/machine-config.ts";
import { contentOf, type Level, nodeState, says } from "../../src/talos/node-state.ts";
import { readCaCertificate } from "../../src/x509/ca-certificate.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const TYPES = ["talos", "kubernetes"] as const;
const LAYOUTS = ["legacy", "document"] as const;
const MACHINES = ["controlplane", "worker"] as const;
type Type = (typeof TYPES)[number];

let secrets: SecretsBundle;
const next: Record<Type, PemPair> = { talos: { crt: "", key: "" }, kubernetes: { crt: "", key: "" } };
const foreign: Record<Type, string[]> = { talos: [], kubernetes: [] };

beforeAll(async () => {
  secrets = await makeSecrets(NOW);
  for (const type of TYPES) {
    next[type] = await mintAuthority(type, { now: NOW });
    foreign[type] = [(await mintAuthority(type, { now: NOW })).crt];
  }
});

interface Shape {
  readonly machine: (typeof MACHINES)[number];
  readonly layout: (typeof LAYOUTS)[number];
  readonly foreign: boolean;
}

function configuration({ machine, layout, foreign: others }: Shape): string {
  const none = { talos: [], kubernetes: [] };
  return machineConfigText({
    type: machine,
    hostname: "one",
    clusterName: "acme",
    vip: "10.5.0.1",
    layout,
    dialect: dialectOf("1.14"),
    secrets,
    foreign: others ? foreign : none,
    corporateRoot: secrets.etcd.crt,
    apiServerPort: null,
  });
}

function moved(text: string, type: Type, machine: Shape["machine"], state: Level): string {
  const old = secrets[type];
  const pair = { old: readCaCertificate(old.crt), next: readCaCertificate(next[type].crt) };
  const content = contentOf(state, readMachineConfig(text).authorities[type], pair);
  const signer = state === "S0" || state === "S1" ? old : next[type];
  return withAuthority(text, type, { ...content, key: machine === "worker" ? null : signer.key });
}

function stateIn(text: string, type: Type) {
  const keys = {
    old: readCaCertificate(secrets[type].crt).fingerprint,
    next: readCaCertificate(next[type].crt).fingerprint,
  };
  return nodeState(readMachineConfig(text).authorities[type], keys);
}

const shapes: readonly (Shape & { readonly type: Type })[] = TYPES.flatMap((type) =>
  LAYOUTS.flatMap((layout) =>
    MACHINES.flatMap((machine) =>
      [true, false].map((others) => ({ type, layout, machine, foreign: others })),
    ),
  ),
);

describe.each(shapes)(
  "$type CA of a $machine ($layout layout, foreign CAs: $foreign)",
  ({ type, ...shape }) => {
    it("reads as the state that was written, in every order, and keeps all other bytes", () => {
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom<Level>("S0", "S1", "S2", "S3"), { minLength: 1, maxLength: 6 }),
          (walk) => {
            const first = configuration(shape);
            let text = first;
            for (const state of walk) {
              text = moved(text, type, shape.machine, state);
              expect(stateIn(text, type)).toBe(state);
              expect(moved(text, type, shape.machine, state), "taken twice").toBe(text);
            }
            expect(moved(text, type, shape.machine, "S0"), "there and back").toBe(first);
          },
        ),
        { numRuns: 4 },
      );
    });

    it("ends with the old CA replaced by the new one, and nothing else", () => {
      const first = configuration(shape);
      const last = (["S1", "S2", "S3"] as const).reduce(
        (text, state) => moved(text, type, shape.machine, state),
        first,
      );
      const swap = (text: string, from: string, to: string) =>
        ["\n      ", "\n        "].reduce(
          (result, start) =>
            result.replaceAll(
              start + from.trimEnd().replaceAll("\n", start),
              start + to.trimEnd().replaceAll("\n", start),
            ),
          text.replaceAll(encodeBase64(from), encodeBase64(to)),
        );
      const expected = swap(
        swap(first, secrets[type].crt, next[type].crt),
        secrets[type].key,
        next[type].key,
      );
      expect(last).toBe(expected);
      expect(last).not.toBe(first);
    });

    it("keeps foreign accepted CAs in every state", () => {
      const others = (text: string) =>
        readMachineConfig(text).authorities[type].accepted.filter(({ pem }) => foreign[type].includes(pem))
          .length;
      const text = configuration(shape);
      for (const state of ["S0", "S1", "S2", "S3"] as const) {
        expect(others(moved(text, type, shape.machine, state))).toBe(shape.foreign ? 1 : 0);
      }
    });
  },
);

const B64 = (pem: string) => encodeBase64(pem);

function anyCluster(): string {
  return `version: v1alpha1\ncluster: {ca: {crt: ${B64(secrets.kubernetes.crt)}, key: ""}}\n`;
}

/** Spellings that nobody's generator uses and a person may. */
const SPELLINGS: readonly (readonly [string, (old: PemPair) => string])[] = [
  ["flow", (old) => `machine: {type: controlplane, ca: {crt: ${B64(old.crt)}, key: ${B64(old.key)}}}\n`],
  [
    "quotes and an empty flow list",
    (old) =>
      `machine:\n  type: "controlplane"\n  acceptedCAs: [] # none\n  ca:\n    key: '${B64(old.key)}' # secret\n    crt: "${B64(old.crt)}"\n`,
  ],
  [
    "a list that is not indented, and Windows' line ends",
    (old) =>
      `machine:\r\n  type: controlplane\r\n  ca:\r\n    crt: ${B64(old.crt)}\r\n    key: ${B64(old.key)}\r\n  acceptedCAs:\r\n  - crt: ${B64(foreign.talos[0] ?? "")} # a friend\r\n  token: x\r\n`,
  ],
  [
    "no line feed at the end",
    (old) => `machine:\n  type: controlplane\n  ca:\n    crt: ${B64(old.crt)}\n    key: ${B64(old.key)}`,
  ],
  [
    "a list without anything",
    (old) =>
      `machine:\n  type: controlplane\n  ca:\n    crt: ${B64(old.crt)}\n    key: ${B64(old.key)}\n  acceptedCAs:\n  token: x\n`,
  ],
  [
    "byte order mark, directive, tags and the end of a document",
    (old) =>
      `machine:\n  type: controlplane\n  ca: !!map\n    crt: !!str ${B64(old.crt)}\n    key: !!str ${B64(old.key)}\n...\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a # b\n`,
  ],
  [
    "a block scalar at the very end, without a line feed",
    (old) =>
      `machine:\n  type: controlplane\n  ca:\n    key: ${B64(old.key)}\n    crt: >-\n      ${B64(old.crt)}`,
  ],
  [
    "JSON",
    (old) =>
      `machine: ${JSON.stringify({ type: "controlplane", ca: { crt: B64(old.crt), key: B64(old.key) }, certSANs: [] })}\n`,
  ],
];

/** Spellings that are there again, byte by byte, after the way there and back. */
const BLOCKS: readonly (readonly [string, (old: PemPair) => string])[] = [
  ...[">-", ">", "|", "|-", "|+", ">- # a comment", "|2", "|4-", "|-2 # a comment"].flatMap((header) =>
    ["\n", "\r\n"].map(
      (newline) =>
        [
          `a block scalar ${header}${newline === "\n" ? "" : ", Windows' line ends"}`,
          (old: PemPair) =>
            [
              "machine:",
              "  type: controlplane",
              "  # of the API",
              "  ca:",
              `    crt: ${header}`,
              `${/4/.test(header) ? "        " : "      "}${B64(old.crt)}`,
              "",
              "    # and its key",
              "    key: |-",
              `      ${B64(old.key)}`,
              "",
              "  certSANs: [] # none",
              "",
            ].join(newline),
        ] as const,
    ),
  ),
  [
    "base64 in lines, as base64(1) prints it",
    (old) =>
      `machine:\n  type: controlplane\n  ca:\n    crt: |\n${wrapped(old.crt)}    key: |\n${wrapped(old.key)}  token: x\n`,
  ],
  [
    "single quotes",
    (old) =>
      `machine:\n  type: controlplane\n  ca: { crt: '${B64(old.crt)}', key: "${B64(old.key)}" } # flow\n  token: x\n`,
  ],
  [
    "anchors that nothing of the CA has to do with",
    (old) =>
      `machine:\n  type: controlplane\n  token: &token x\n  ca:\n    crt: &unused ${B64(old.crt)}\n    key: ${B64(old.key)}\n  again: *token\n`,
  ],
  [
    "a friend's CA as a block scalar and by an alias, with comments above",
    (old) =>
      `machine:\n  type: controlplane\n  friend: &friend\n    crt: >-\n      ${B64(foreign.talos[0] ?? "")}\n  acceptedCAs:\n    # the old data centre\n    - *friend # keep me\n  ca:\n    crt: ${B64(old.crt)}\n    key: ${B64(old.key)}\n`,
  ],
];

function wrapped(pem: string): string {
  return B64(pem).replace(/.{1,76}/g, (line) => `      ${line}\n`);
}

/** What no edit can be made right in, by the line that stands in the way. */
const UNEDITABLE: readonly (readonly [string, (old: PemPair) => string, number, RegExp])[] = [
  [
    "the CA taken from elsewhere",
    (old) =>
      `machine:\n  type: controlplane\n  own: &own { crt: ${B64(old.crt)}, key: ${B64(old.key)} }\n  ca: *own\n`,
    6,
    /\*own/,
  ],
  [
    "the CA used elsewhere",
    (old) =>
      `machine:\n  type: controlplane\n  ca: &own { crt: ${B64(old.crt)}, key: ${B64(old.key)} }\n  copy:\n    of: *own\n`,
    7,
    /\*own/,
  ],
  [
    "the certificate used elsewhere",
    (old) =>
      `machine:\n  type: controlplane\n  ca:\n    crt: &crt ${B64(old.crt)}\n    key: ${B64(old.key)}\n  copy: *crt\n`,
    8,
    /\*crt/,
  ],
  [
    "a CA merged in",
    (old) =>
      `machine:\n  type: controlplane\n  own: &own\n    crt: ${B64(old.crt)}\n  ca:\n    <<: *own\n    key: ${B64(old.key)}\n`,
    8,
    /"<<"/,
  ],
];

describe("a spelling that is there again after the way there and back", () => {
  it.each(BLOCKS)("%s", (_, spell) => {
    const first = anyCluster() + spell(secrets.talos);
    let text = first;
    for (const state of ["S1", "S2", "S3", "S2", "S1", "S0"] as const) {
      text = moved(text, "talos", "controlplane", state);
      expect(stateIn(text, "talos")).toBe(state);
      expect(readIssuingKey(text, "talos")).toBe(
        (state === "S2" || state === "S3" ? next : secrets).talos.key,
      );
      expect(moved(text, "talos", "controlplane", state), "taken twice").toBe(text);
    }
    expect(text).toBe(first);
  });

  it("keeps the comments of a list that is emptied, and of one that was null", () => {
    const old = secrets.talos;
    const text = `${anyCluster()}machine:\n  type: controlplane\n  acceptedCAs: null # nobody else\n  ca:\n    crt: ${B64(old.crt)}\n    key: ${B64(old.key)}\n`;
    const there = moved(text, "talos", "controlplane", "S1");
    expect(there).toContain("  acceptedCAs: # nobody else\n      - crt: ");
    const back = moved(there, "talos", "controlplane", "S0");
    expect(back).toBe(text.replace(" null #", " [] #"));
  });
});

/** The document of 1.14 holds PEM, whose line feeds count. */
const PEM_STYLES: readonly (readonly [string, (pem: string) => string])[] = [
  ["|", (pem) => `|\n${indented(pem)}`],
  ["| with a comment", (pem) => `| # issued in spring\n${indented(pem)}`],
  ["|- , to which the line feed is given", (pem) => `|-\n${indented(pem)}`],
  ["|2", (pem) => `|2\n${pem.replace(/^(?=.)/gm, "    ")}`],
  [
    "> with an empty line between every two",
    (pem) => `>\n${indented(pem.trimEnd()).replaceAll("\n", "\n\n")}\n`,
  ],
  ["double quotes", (pem) => `${JSON.stringify(pem)}\n`],
];

function indented(pem: string): string {
  return pem.replace(/^(?=.)/gm, "      ");
}

describe("a document of its own for the Kubernetes CA", () => {
  it.each(PEM_STYLES)("with its certificate as %s", (_, style) => {
    const old = secrets.kubernetes;
    const main = `version: v1alpha1\nmachine: {type: controlplane, ca: {crt: ${B64(secrets.talos.crt)}, key: ${B64(secrets.talos.key)}}}\ncluster: {token: x}\n`;
    const before = "---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a # b\n";
    const after =
      "# the end\n---\napiVersion: v1alpha1\nkind: KubePrismConfig\nport: 7445 # KubePrism port.\n";
    const first = `${main}${before}---\napiVersion: v1alpha1\nkind: KubeAPIServerCAConfig\nissuingCA:\n  cert: ${style(old.crt)}  key: ${style(old.key)}${after}`;
    let text = first;
    for (const state of ["S1", "S2", "S3", "S2", "S1", "S0"] as const) {
      text = moved(text, "kubernetes", "controlplane", state);
      expect(stateIn(text, "kubernetes")).toBe(state);
      expect(text.startsWith(main + before)).toBe(true);
      expect(text.endsWith(after)).toBe(true);
    }
    const read = readMachineConfig(text).authorities.kubernetes;
    expect(read.issuing?.pem).toBe(old.crt);
    expect(readIssuingKey(text, "kubernetes")).toBe(old.key);
  });
});

describe("a spelling that cannot be edited", () => {
  it.each(UNEDITABLE)("%s is named by its line, and nothing of it is quoted", (_, spell, line, what) => {
    const first = anyCluster() + spell(secrets.talos);
    let problem: unknown;
    try {
      moved(first, "talos", "controlplane", "S2");
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(EditProblem);
    expect(problem).toMatchObject({ line, message: expect.stringMatching(what) });
    expect(String(problem)).not.toContain(B64(secrets.talos.key).slice(0, 40));
  });
});

describe("spellings", () => {
  it.each(SPELLINGS)("%s", (_, spell) => {
    const first = anyCluster() + spell(secrets.talos);
    let text = first;
    for (const state of ["S1", "S2", "S3", "S2", "S1", "S0"] as const) {
      text = moved(text, "talos", "controlplane", state);
      expect(stateIn(text, "talos")).toBe(state);
      const key = state === "S2" || state === "S3" ? next.talos.key : secrets.talos.key;
      expect(readIssuingKey(text, "talos")).toBe(key);
    }
    expect(says(readMachineConfig(text).authorities.talos, readMachineConfig(first).authorities.talos)).toBe(
      true,
    );
  });

  it("gives a CA that lacks its line feed one, as it would spoil its neighbour", () => {
    const [friend = ""] = foreign.talos;
    const old = secrets.talos;
    const text = `${anyCluster()}machine:\n  type: worker\n  ca: {crt: ${B64(old.crt)}, key: ""}\n  acceptedCAs:\n    - crt: ${B64(friend.trimEnd())}\n`;
    const after = moved(text, "talos", "worker", "S1");
    expect(after).toContain(`- crt: ${B64(friend)}\n    - crt: ${B64(next.talos.crt)}\n`);
    expect(after).toContain('key: ""');
  });
});
