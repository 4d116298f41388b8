import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import {
  addOverride,
  addOverrideEntry,
  enableOverrideEntry,
  removeOverrideEntry,
  renewOverrideEntry,
} from "../../src/resources/edit/edit-override.ts";

const OF = { cluster: "acme.cluster", type: "db_client" };
const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
const entry = (name: string, chain: readonly string[] = []) => ({
  public_key: name.repeat(64),
  disabled: true,
  certificate: pem(`CERT${name}`),
  chain: chain.map(pem),
});

const HEAD = `# ours
kind: cert_authority_override
sub_kind: db_client
version: v1
metadata: { name: acme.cluster } # the cluster
`;

const ONE = `${HEAD}spec:
  certificate_overrides:
    # the key of 2025
    - public_key: ${"a".repeat(64)}   # signed by Vault
      certificate: |
        -----BEGIN CERTIFICATE-----
        OLD
        -----END CERTIFICATE-----
---
kind: cluster
`;

function entriesIn(text: string): readonly unknown[] {
  const document = parseAllDocuments(text)
    .map((one) => one.toJS() as { kind?: string; spec?: { certificate_overrides?: readonly unknown[] } })
    .find(({ kind }) => kind === "cert_authority_override");
  return document?.spec?.certificate_overrides ?? [];
}

/** Every line of `before` is still there, in order. */
function keepsLines(before: string, after: string): boolean {
  const lines = after.split("\n");
  let at = 0;
  return before.split("\n").every((line) => {
    at = lines.indexOf(line, at) + 1;
    return at > 0;
  });
}

describe("adding an entry", () => {
  it("writes a resource into a new file", () => {
    const text = addOverride(null, OF, entry("b", ["I"]));
    expect(entriesIn(text)).toEqual([entry("b", ["I"])]);
    expect(text).toMatchInlineSnapshot(`
      "# Certificates of an external CA in place of Teleport's own; one entry per key of the CA.
      kind: cert_authority_override
      sub_kind: db_client
      version: v1
      metadata:
        name: acme.cluster
      spec:
        certificate_overrides:
          - public_key: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
            disabled: true
            certificate: |
              -----BEGIN CERTIFICATE-----
              CERTb
              -----END CERTIFICATE-----
            chain:
              - |
                -----BEGIN CERTIFICATE-----
                I
                -----END CERTIFICATE-----
      "
    `);
  });

  it("appends below the last one, and keeps every line", () => {
    const text = addOverrideEntry(ONE, OF, entry("b", ["I", "J"]));
    expect(entriesIn(text)).toHaveLength(2);
    expect(entriesIn(text)[1]).toEqual(entry("b", ["I", "J"]));
    expect(keepsLines(ONE, text)).toBe(true);
  });

  it.each([
    ["an empty list", "spec:\n  certificate_overrides: []\n"],
    ["an empty spec", "spec: {}\n"],
    ["an empty list at the end of a file without a line end", "spec:\n  certificate_overrides: []"],
  ])("fills %s", (_, spec) => {
    const text = addOverrideEntry(HEAD + spec, OF, entry("b"));
    const { chain: _none, ...written } = entry("b");
    expect(entriesIn(text)).toEqual([written]);
    expect(text.startsWith(HEAD)).toBe(true);
  });

  it("keeps Windows line ends", () => {
    const text = addOverrideEntry(ONE.replaceAll("\n", "\r\n"), OF, entry("b"));
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
    expect(entriesIn(text)).toHaveLength(2);
  });

  it("refuses what it cannot write without a risk", () => {
    const flow = `${HEAD}spec: { certificate_overrides: [{ public_key: ${"a".repeat(64)}, disabled: true }] }\n`;
    expect(() => addOverrideEntry(flow, OF, entry("b"))).toThrow(/cannot edit spec/);
    expect(() => addOverrideEntry(ONE, { ...OF, type: "windows" }, entry("b"))).toThrow(/has no/);
  });
});

describe("renewing an entry", () => {
  it("replaces the certificate, adds a chain, and keeps comments", () => {
    const text = renewOverrideEntry(ONE, OF, 0, { certificate: pem("NEW"), chain: [pem("I")] });
    expect(entriesIn(text)).toEqual([
      { public_key: "a".repeat(64), certificate: pem("NEW"), chain: [pem("I")] },
    ]);
    expect(text).toContain("# the key of 2025");
    expect(text).toContain("# signed by Vault");
    expect(text).toContain("---\nkind: cluster\n");
  });

  it("replaces a chain, and empties it", () => {
    const text = addOverrideEntry(ONE, OF, entry("b", ["I", "J"]));
    const other = renewOverrideEntry(text, OF, 1, { certificate: pem("NEW"), chain: [pem("K")] });
    expect(entriesIn(other)[1]).toMatchObject({ certificate: pem("NEW"), chain: [pem("K")] });
    const none = renewOverrideEntry(other, OF, 1, { certificate: pem("NEW"), chain: [] });
    expect(entriesIn(none)[1]).toMatchObject({ certificate: pem("NEW"), chain: [] });
    expect(entriesIn(none)[0]).toEqual(entriesIn(ONE)[0]);
  });
});

describe("enabling an entry", () => {
  it("changes one word, and nothing about an entry that is enabled", () => {
    const two = addOverrideEntry(ONE, OF, entry("b", ["I"]));
    const text = enableOverrideEntry(two, OF, 1);
    expect(text).toBe(two.replace("disabled: true", "disabled: false"));
    expect(enableOverrideEntry(text, OF, 0)).toBe(text);
  });
});

describe("removing an entry", () => {
  it("takes its lines and nothing else", () => {
    const two = addOverrideEntry(ONE, OF, entry("b", ["I"]));
    expect(removeOverrideEntry(two, OF, 1)).toBe(ONE);
    const rest = removeOverrideEntry(two, OF, 0);
    expect(entriesIn(rest)).toEqual([entry("b", ["I"])]);
  });

  it("leaves an empty list", () => {
    const none = removeOverrideEntry(ONE, OF, 0);
    expect(none).toContain("certificate_overrides:");
    expect(entriesIn(none)).toEqual([]);
    expect(none).toContain("---\nkind: cluster\n");
    expect(entriesIn(addOverrideEntry(none, OF, entry("b")))).toHaveLength(1);
  });
});
