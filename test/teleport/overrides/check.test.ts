import "reflect-metadata";
import { Extension } from "@peculiar/x509";
import { beforeAll, describe, expect, it } from "vitest";
import { checkOverride } from "../../../src/teleport/overrides/entry-rules.ts";
import { expiryLevel } from "../../../src/teleport/overrides/expiry.ts";
import { serverRefusal } from "../../../src/teleport/overrides/override-finding.ts";
import { readOverride } from "../../../src/teleport/overrides/read-resource.ts";
import { certificateFacts } from "../../../src/x509/certificate.ts";
import { chainOfVersion1, HAS_OPENSSL, verifyDownstream } from "./openssl.ts";
import {
  CLUSTER,
  certify,
  DAY,
  documentWith,
  type Issuer,
  keyHash,
  NOW,
  newKeys,
  P256,
  parse,
  type Recipe,
  RSA,
  SIGN_BOTH,
  teleportKey,
  YEAR,
} from "./pki.ts";

let root: Issuer;
let issuing: Issuer;
let ours: Issuer;

beforeAll(async () => {
  root = await certify(await newKeys(), null, { subject: "CN=Root, O=Example", notAfter: NOW + 20 * YEAR });
  issuing = await certify(await newKeys(), root, {
    subject: "CN=Issuing, O=Example",
    notAfter: NOW + 15 * YEAR,
  });
  ours = await teleportKey();
});

async function findingsOf(
  override: Issuer,
  chain: readonly Issuer[],
  around: { readonly disabled?: boolean; readonly type?: string; readonly now?: number } = {},
) {
  const { disabled = false, type = "db_client", now = NOW } = around;
  const read = await readOverride(
    documentWith([{ certificate: override.pem, chain: chain.map(({ pem }) => pem), disabled }], {
      sub_kind: type,
    }),
  );
  return [...read.findings, ...checkOverride(read, now)];
}

async function codesOf(...args: Parameters<typeof findingsOf>) {
  return (await findingsOf(...args)).map(({ code }) => code);
}

const deviating = (recipe: Recipe) => certify(ours.keys, issuing, recipe);

describe("expiry (RFD 0237)", () => {
  const certificate = (lifeDays: number, leftDays: number) => ({
    notBefore: new Date(NOW - (lifeDays - leftDays) * DAY).toISOString(),
    notAfter: new Date(NOW + leftDays * DAY).toISOString(),
  });

  it.each([
    // One year: the shares come later than the days.
    [365, 200, null],
    [365, 182, "low"],
    [365, 92, "low"],
    [365, 91, "medium"],
    [365, 46, "medium"],
    [365, 45, "high"],
    [365, 0, "high"],
    [365, -1, null],
    // Ten years: the days come later than the shares.
    [3650, 366, null],
    [3650, 365, "low"],
    [3650, 180, "medium"],
    [3650, 90, "high"],
  ] as const)("of %i days of life %i are left: %s", (life, left, level) => {
    expect(expiryLevel(certificate(life, left), NOW)).toBe(level);
  });

  it("is told for the chain as well", async () => {
    const old = await certify(await newKeys(), root, {
      subject: "CN=Old",
      notBefore: NOW - YEAR,
      notAfter: NOW + 100 * DAY,
    });
    const override = await certify(ours.keys, old, { notBefore: NOW - YEAR, notAfter: NOW + YEAR });
    const findings = await findingsOf(override, [old]);
    expect(findings).toMatchObject([
      { code: "expiry-medium", where: "spec.certificate_overrides[0].chain[0]", severity: "warning" },
      { code: "expiry-low", where: "spec.certificate_overrides[0].certificate", severity: "warning" },
    ]);
    expect(findings[0]?.message).toContain("100 days");
  });
});

describe("what the server does not look at", () => {
  it("has nothing to say about a waived key", async () => {
    const read = await readOverride(documentWith([{ public_key: keyHash(ours), disabled: true }]));
    expect(checkOverride(read, NOW)).toEqual([]);
  });

  it("finds a weak issuer key, as OpenSSL does", async () => {
    const weak = await certify(await newKeys({ ...RSA, modulusLength: 1024 }), root, { subject: "CN=Weak" });
    const override = await certify(ours.keys, weak);
    expect(await findingsOf(override, [weak])).toMatchObject([
      { code: "weak-key", severity: "error", where: "spec.certificate_overrides[0].chain[0]" },
    ]);
    if (HAS_OPENSSL) {
      expect(await verifyDownstream(override, [weak.pem], [root.pem])).toContain(
        "CA certificate key too weak",
      );
    }
  });

  it("finds a critical extension that nobody knows, as OpenSSL does", async () => {
    const override = await deviating({ extra: [new Extension("1.2.3.4", true, Buffer.of(5, 0))] });
    expect(await findingsOf(override, [issuing])).toMatchObject([
      { code: "critical-extension-unknown", severity: "warning" },
    ]);
    if (HAS_OPENSSL) {
      expect(await verifyDownstream(override, [issuing.pem], [root.pem])).toContain(
        "unhandled critical extension",
      );
    }
  });

  it("finds an issuer name in another order, which only Teleport takes for the same", async () => {
    const override = await deviating({ issuerName: "O=Example, CN=Issuing" });
    const findings = await findingsOf(override, [issuing]);
    expect(findings).toMatchObject([{ code: "chain-name-differs", severity: "error" }]);
    expect(serverRefusal(findings)).toBeNull();
    if (HAS_OPENSSL) {
      expect(await verifyDownstream(override, [issuing.pem], [root.pem])).toContain(
        "unable to get local issuer certificate",
      );
    }
  });

  it("finds a key identifier that names another issuer, as OpenSSL does", async () => {
    const override = await deviating({ authorityKeyId: "00".repeat(20) });
    expect(await codesOf(override, [issuing])).toEqual(["authority-key-id-mismatch"]);
    if (HAS_OPENSSL) {
      expect(await verifyDownstream(override, [issuing.pem], [root.pem])).toContain(
        "unable to get local issuer certificate",
      );
    }
  });

  it("counts path lengths over the whole chain, self-issued certificates not among them", async () => {
    const top = await certify(await newKeys(), null, {
      subject: "CN=Top",
      basic: { ca: true, pathLength: 1 },
    });
    const middle = await certify(await newKeys(), top, { subject: "CN=Middle" });
    const override = await certify(ours.keys, middle);
    expect(await findingsOf(override, [middle, top])).toMatchObject([
      { code: "path-length", where: "spec.certificate_overrides[0].chain[1]" },
    ]);
    if (HAS_OPENSSL) {
      expect(await verifyDownstream(override, [middle.pem], [top.pem])).toContain(
        "path length constraint exceeded",
      );
    }
    // A link certificate of the same CA under its new key does not count.
    const link = await certify(await newKeys(), top, { subject: "CN=Top" });
    const below = await certify(ours.keys, link);
    expect(await codesOf(below, [link, top])).toEqual([]);
    if (HAS_OPENSSL) {
      expect(await verifyDownstream(below, [link.pem], [top.pem])).toContain(": OK");
    }
    // The override's own path length limits CAs below it, and Teleport makes none.
    expect(await codesOf(await deviating({ basic: { ca: true, pathLength: 0 } }), [issuing])).toEqual([]);
  });

  it("knows what the usages below must be, by CA type", async () => {
    const client = await deviating({ extendedUsage: ["1.3.6.1.5.5.7.3.2"] });
    const any = await deviating({ extendedUsage: ["2.5.29.37.0"] });
    expect(await codesOf(client, [issuing])).toEqual([]);
    expect(await codesOf(any, [issuing], { type: "windows" })).toEqual(["chain-not-presented"]);
    const findings = await findingsOf(client, [], { type: "windows" });
    expect(findings).toMatchObject([{ code: "extended-key-usage", severity: "warning" }]);
    expect(findings[0]?.message).toContain("without smart card logon");
    expect(await codesOf(client, [issuing], { type: "spiffe-tls" })).toEqual(["type-unproven"]);
  });

  it("names both extensions that should be critical", async () => {
    const override = await deviating({
      basic: { ca: true, critical: false },
      usage: { flags: SIGN_BOTH, critical: false },
    });
    expect((await findingsOf(override, [issuing]))[0]?.message).toContain("basicConstraints and keyUsage");
  });

  it("takes a version 1 root for what it is", async () => {
    if (!HAS_OPENSSL) return;
    const { certificate, chain } = chainOfVersion1();
    const read = await readOverride(documentWith([{ certificate, chain }]));
    expect(parse(chain[0] ?? "").version).toBe(1);
    expect([...read.findings, ...checkOverride(read, Date.now())].map(({ code }) => code)).not.toContain(
      "chain-signature",
    );
    expect(checkOverride(read, Date.now()).map(({ code }) => code)).not.toContain("key-usage-missing");
  });

  it("minds a weak signature on the certificate itself, self-signed or not", async () => {
    const own = await certify(ours.keys, null, {
      algorithm: { ...P256, hash: "SHA-1" },
      authorityKeyId: false,
    });
    expect(await findingsOf(own, [])).toMatchObject([
      { code: "self-signed", severity: "warning" },
      { code: "weak-signature", severity: "error" },
    ]);
  });

  it("takes a namesake of the certificate further up the chain, as the server does", async () => {
    const namesake = await certify(await newKeys(), root, { subject: `O=${CLUSTER}, CN=same` });
    const middle = await certify(await newKeys(), namesake, { subject: "CN=Middle" });
    const override = await certify(ours.keys, middle, { subject: namesake.name });
    expect(await codesOf(override, [middle, namesake])).toEqual([]);
  });

  it("says who may not sign: keys that Go does not know", async () => {
    const edwards = await certify(await newKeys({ name: "Ed25519" }), root, { subject: "CN=Ed" });
    const impostor = await certify(await newKeys({ name: "Ed25519" }), root, { subject: "CN=Ed" });
    const override = await certify(ours.keys, edwards, { authorityKeyId: false });
    const findings = await findingsOf(override, [impostor]);
    expect(serverRefusal(findings)?.serverText).toContain("Ed25519 verification failure");
  });

  it("accepts an issuer whose keyUsage says nothing, as Go does", async () => {
    const mute = await certify(await newKeys(), root, { subject: "CN=Mute", usage: { flags: 0 } });
    expect(await codesOf(await certify(ours.keys, mute), [mute])).toEqual([]);
  });

  it("shows certificates as facts", () => {
    expect(certificateFacts(parse(ours.pem))).toMatchObject({
      subject: expect.stringMatching(new RegExp(`^SERIALNUMBER=\\d+,CN=${CLUSTER},O=${CLUSTER}$`)),
      notAfter: new Date(NOW + 10 * YEAR).toISOString(),
    });
  });
});
