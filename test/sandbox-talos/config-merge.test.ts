import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { patchMachineConfig } from "../../src/sandbox/talos/config-merge.ts";
import { dialectOf } from "../../src/sandbox/talos/dialect.ts";

const ORIGINAL = `version: v1alpha1 # a comment
machine:
    type: controlplane
    ca:
        crt: T0xE
        key: S0VZ
    acceptedCAs:
        - crt: Rk9SRUlHTg==
    certSANs: [a]
cluster:
    network:
        podSubnets: [10.244.0.0/16]
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: one
---
apiVersion: v1alpha1
kind: KubeAPIServerCAConfig
issuingCA: { cert: OLD, key: KEY }
acceptedCAs: [FOREIGN]
`;

function patched(...patches: readonly string[]): readonly Record<string, unknown>[] {
  return parseAllDocuments(patchMachineConfig(ORIGINAL, patches, dialectOf("1.14"))).map((one) => one.toJS());
}

const ADD = "machine:\n  acceptedCAs:\n    - crt: TkVX\n";
const CLEAR = "machine:\n  acceptedCAs:\n    $patch: delete\n";

/** TA 3.3 and talos#12005. */
const CASES: readonly [
  what: string,
  patches: readonly string[],
  path: readonly string[],
  expected: unknown,
][] = [
  ["a list is appended to", [ADD], ["machine", "acceptedCAs"], [{ crt: "Rk9SRUlHTg==" }, { crt: "TkVX" }]],
  [
    "and never deduplicated",
    [ADD, ADD],
    ["machine", "acceptedCAs"],
    [{ crt: "Rk9SRUlHTg==" }, { crt: "TkVX" }, { crt: "TkVX" }],
  ],
  ["$patch: delete clears it", [CLEAR], ["machine", "acceptedCAs"], undefined],
  ["clear and set, in this order", [CLEAR, ADD], ["machine", "acceptedCAs"], [{ crt: "TkVX" }]],
  ["set and clear, in this order", [ADD, CLEAR], ["machine", "acceptedCAs"], undefined],
  [
    "bytes are replaced",
    ["machine:\n  ca: {crt: TkVX, key: SzI=}\n"],
    ["machine", "ca"],
    { crt: "TkVX", key: "SzI=" },
  ],
  ["an empty key is a value", ["machine:\n  ca: {key: ''}\n"], ["machine", "ca"], { crt: "T0xE", key: "" }],
  ["other empty texts change nothing", ["machine:\n  type: ''\n"], ["machine", "type"], "controlplane"],
  [
    "lists of plain values are appended to, too",
    ["machine:\n  certSANs: [b]\n"],
    ["machine", "certSANs"],
    ["a", "b"],
  ],
  [
    "but subnets are replaced",
    ["cluster:\n  network:\n    podSubnets: [10.1.0.0/16]\n"],
    ["cluster", "network", "podSubnets"],
    ["10.1.0.0/16"],
  ],
];

describe("talosctl patch", () => {
  it.each(CASES)("%s", (_, patches, path, expected) => {
    const found = path.reduce<unknown>(
      (node, key) => (node as Record<string, unknown>)[key],
      patched(...patches)[0],
    );
    expect(found).toEqual(expected);
  });

  it("finds the document by kind and name, and adds what is not there", () => {
    const authority = "apiVersion: v1alpha1\nkind: KubeAPIServerCAConfig\n";
    const documents = patched(
      `${authority}acceptedCAs:\n  $patch: delete\n`,
      `${authority}issuingCA: {cert: NEW, key: KEY2}\nacceptedCAs: [OLD]\n`,
      "apiVersion: v1alpha1\nkind: WatchdogTimerConfig\ndevice: /dev/watchdog0\n",
    );
    expect(documents).toHaveLength(4);
    expect(documents[2]).toMatchObject({ issuingCA: { cert: "NEW", key: "KEY2" }, acceptedCAs: ["OLD"] });
    expect(documents[3]).toMatchObject({ device: "/dev/watchdog0" });
  });

  it("deletes a whole document", () => {
    const documents = patched("apiVersion: v1alpha1\nkind: HostnameConfig\n$patch: delete\n");
    expect(documents.map(({ kind }) => kind)).toEqual([undefined, "KubeAPIServerCAConfig"]);
  });

  it("loses the comments of the original", () => {
    expect(patchMachineConfig(ORIGINAL, [ADD], dialectOf("1.14"))).not.toContain("a comment");
  });

  it.each([
    [
      "one element cannot be deleted",
      "machine:\n  acceptedCAs:\n    - crt: Rk9SRUlHTg==\n      $patch: delete\n",
      "lookup failed",
    ],
    [
      "JSON6902 is refused",
      '[{"op": "remove", "path": "/machine/acceptedCAs"}]',
      "JSON6902 patches are not supported for multi-document machine configuration",
    ],
    [
      "a typing error is refused",
      "machine:\n  acceptedCAS:\n    - crt: TkVX\n",
      "unknown keys found during decoding:\nmachine:\n    acceptedCAS:",
    ],
    [
      "an unknown document is refused",
      "apiVersion: v1alpha1\nkind: NoSuchConfig\n",
      '"NoSuchConfig" "v1alpha1": not registered',
    ],
  ])("%s", (_, patch, message) => {
    expect(() => patched(patch)).toThrow(message);
  });

  it("knows no Kubernetes CA document before 1.14", () => {
    const patch = "apiVersion: v1alpha1\nkind: KubeAPIServerCAConfig\nacceptedCAs: [X]\n";
    const original = ORIGINAL.split("---\n").slice(0, 2).join("---\n");
    expect(() => patchMachineConfig(original, [patch], dialectOf("1.13"))).toThrow("not registered");
    expect(patchMachineConfig(original, [patch], dialectOf("1.14"))).toContain("acceptedCAs");
  });
});
