import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { emptyOverride } from "../../../src/teleport/overrides/ca-override.ts";
import { compareOverrides, sameOverride } from "../../../src/teleport/overrides/compare-overrides.ts";
import { readOverride } from "../../../src/teleport/overrides/read-resource.ts";
import {
  CLUSTER,
  certify,
  crlOf,
  DAY,
  documentWith,
  type EntryText,
  type Issuer,
  keyHash,
  NOW,
  newKeys,
  teleportKey,
} from "./pki.ts";

interface Fixture {
  readonly issuing: Issuer;
  readonly root: Issuer;
  /** A plain spelling of one entry per state. */
  readonly entries: readonly EntryText[];
  readonly certified: readonly Issuer[];
}

let fixture: Fixture;

beforeAll(async () => {
  const root = await certify(await newKeys(), null, { subject: "CN=Root" });
  const issuing = await certify(await newKeys(), root, { subject: "CN=Issuing" });
  const keys = [await teleportKey(), await teleportKey(), await teleportKey()];
  const certified = await Promise.all(keys.slice(0, 2).map(({ keys: own }) => certify(own, issuing)));
  fixture = {
    root,
    issuing,
    certified,
    entries: [
      { certificate: certified[0]?.pem ?? "", chain: [issuing.pem, root.pem] },
      { certificate: certified[1]?.pem ?? "", chain: [issuing.pem], disabled: true },
      { public_key: keyHash(keys[2] ?? issuing), disabled: true },
    ],
  };
});

/** Ways to write the same PEM that people and tools really produce. */
const pemSpelling = fc.constantFrom<(pem: string) => string>(
  (pem) => pem,
  (pem) => pem.trimEnd(),
  (pem) => `${pem}\n`,
  (pem) => `${pem.trimEnd()}  \n`,
  (pem) => pem.replaceAll("\n", "\r\n"),
  (pem) => `subject=CN = whatever\n\n${pem}`,
  (pem) =>
    pem.replace(/(?<=BEGIN CERTIFICATE-----\n)[\s\S]*?(?=\n-----END)/, (body) => body.replaceAll("\n", "")),
);

const letterCase = fc.constantFrom<(hash: string) => string>(
  (hash) => hash,
  (hash) => hash.toUpperCase(),
);

const spelling = fc.record({
  pem: pemSpelling,
  letterCase,
  namesKey: fc.boolean(),
  saysEnabled: fc.boolean(),
});

function spell(
  entry: EntryText,
  {
    pem,
    letterCase: cased,
    namesKey,
    saysEnabled,
  }: typeof spelling extends fc.Arbitrary<infer T> ? T : never,
): EntryText {
  const own = entry.public_key ?? keyHash({ pem: entry.certificate ?? "" });
  return {
    ...entry,
    ...(entry.certificate === undefined
      ? {}
      : { certificate: pem(entry.certificate), chain: entry.chain?.map(pem) ?? [] }),
    ...(namesKey || entry.certificate === undefined ? { public_key: cased(own) } : {}),
    ...(saysEnabled && entry.disabled === undefined ? { disabled: false } : {}),
  };
}

describe("comparison", () => {
  it("minds neither order, spelling, status nor revision", async () => {
    const plain = await readOverride(documentWith(fixture.entries));
    expect(plain.findings).toEqual([]);
    expect(plain.entries.size).toBe(3);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        fc.tuple(spelling, spelling, spelling),
        fc.option(fc.uuid(), { nil: undefined }),
        async (order, spellings, revision) => {
          const entries = order.map((index) => {
            const entry = fixture.entries[index];
            const how = spellings[index];
            return entry === undefined || how === undefined ? null : spell(entry, how);
          });
          const written = await readOverride(
            documentWith(entries, {
              metadata: { name: CLUSTER, ...(revision === undefined ? {} : { revision }) },
              ...(revision === undefined ? {} : { status: { public_key_hash_to_crl: {} } }),
            }),
          );
          expect(written.findings.filter(({ severity }) => severity === "error")).toEqual([]);
          expect(sameOverride(plain, written)).toBe(true);
          expect(compareOverrides(plain, written)).toEqual(compareOverrides(plain, plain));
          const listed = compareOverrides(written, plain).map(({ keyHash: hash }) => hash);
          expect(listed).toEqual(listed.toSorted());
        },
      ),
      { numRuns: 60 },
    );
  });

  it("takes an absent resource and an empty list for the same", async () => {
    const empty = emptyOverride(CLUSTER, "db_client");
    for (const spec of [{}, { certificate_overrides: [] }, { certificate_overrides: null }]) {
      expect(sameOverride(await readOverride(documentWith([], { spec })), empty)).toBe(true);
    }
  });

  it("tells every kind of change apart, field by field", async () => {
    const [first, second] = fixture.certified;
    if (first === undefined || second === undefined) throw new Error("no fixture");
    const renewed = await certify(first.keys, fixture.root, {
      subject: `O=${CLUSTER}, CN=renewed`,
      serial: "aa",
      notBefore: NOW - DAY,
      notAfter: NOW + 1000 * DAY,
    });
    const from = await readOverride(documentWith(fixture.entries));
    const to = await readOverride(
      documentWith([
        { certificate: renewed.pem, chain: [fixture.root.pem], disabled: true },
        { certificate: second.pem, chain: [fixture.issuing.pem] },
      ]),
    );
    const byKey = new Map(compareOverrides(from, to).map((entry) => [entry.keyHash, entry]));
    expect(byKey.get(keyHash(first))).toMatchObject({
      change: "changed",
      from: { state: "enabled" },
      to: { state: "staged", certificate: { serial: "aa", subject: "CN=renewed,O=mycluster" } },
    });
    expect(byKey.get(keyHash(first))?.fields.map(({ field }) => field)).toEqual([
      "state",
      "subject",
      "issuer",
      "serial",
      "notBefore",
      "notAfter",
      "certificate",
      "chain",
    ]);
    expect(byKey.get(keyHash(second))?.fields).toEqual([{ field: "state", from: "staged", to: "enabled" }]);
    expect([...byKey.values()].filter(({ change }) => change === "removed")).toMatchObject([
      { from: { state: "waived", certificate: null, chain: [] }, to: null, fields: [] },
    ]);
    expect(compareOverrides(to, from).filter(({ change }) => change === "added")).toHaveLength(1);
  });

  it("shows a key that got its first certificate", async () => {
    const [first] = fixture.certified;
    if (first === undefined) throw new Error("no fixture");
    const waived = await readOverride(documentWith([{ public_key: keyHash(first), disabled: true }]));
    const staged = await readOverride(documentWith([{ certificate: first.pem, disabled: true }]));
    const [difference] = compareOverrides(waived, staged);
    expect(difference?.fields[0]).toEqual({ field: "state", from: "waived", to: "staged" });
    expect(difference?.fields[1]).toMatchObject({ field: "subject", from: "none" });
  });

  it("notices another signature over the same facts", async () => {
    const [first] = fixture.certified;
    if (first === undefined) throw new Error("no fixture");
    const recipe = { serial: "bb", notBefore: NOW - DAY, notAfter: NOW + 100 * DAY };
    const [one, two] = await Promise.all(
      [1, 2].map(async () =>
        readOverride(
          documentWith([{ certificate: (await certify(first.keys, fixture.issuing, recipe)).pem }]),
        ),
      ),
    );
    if (one === undefined || two === undefined) throw new Error("no fixture");
    expect(compareOverrides(one, two)[0]?.fields.map(({ field }) => field)).toEqual(["certificate"]);
  });

  it("leaves a CRL out of it", async () => {
    const [first] = fixture.certified;
    if (first === undefined) throw new Error("no fixture");
    const entry = { certificate: first.pem };
    const status = { public_key_hash_to_crl: { [keyHash(first)]: { pem: await crlOf(first) } } };
    const withCrl = await readOverride(documentWith([entry], { status }));
    expect(withCrl.crls.size).toBe(1);
    expect(sameOverride(withCrl, await readOverride(documentWith([entry])))).toBe(true);
  });
});
