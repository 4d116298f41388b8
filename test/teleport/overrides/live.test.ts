import { beforeAll, describe, expect, it } from "vitest";
import { type CaOverride, emptyOverride } from "../../../src/teleport/overrides/ca-override.ts";
import { checkAgainstLive } from "../../../src/teleport/overrides/cluster-rules.ts";
import { crlProblem, keysWithCrl } from "../../../src/teleport/overrides/crl.ts";
import { faultyKeys } from "../../../src/teleport/overrides/faulty-keys.ts";
import type { LiveContext } from "../../../src/teleport/overrides/live-context.ts";
import { serverRefusal } from "../../../src/teleport/overrides/override-finding.ts";
import { readOverride } from "../../../src/teleport/overrides/read-resource.ts";
import { readRevocationList } from "../../../src/x509/decode.ts";
import {
  authorityOf,
  BOUND,
  CLUSTER,
  certify,
  crlOf,
  DAY,
  documentWith,
  type Issuer,
  keyHash,
  NOW,
  newKeys,
  parse,
  teleportKey,
} from "./pki.ts";

let issuing: Issuer;
let ours: Issuer;
let other: Issuer;
let good: Issuer;
let goodOther: Issuer;

beforeAll(async () => {
  issuing = await certify(await newKeys(), null, { subject: "CN=Issuing" });
  [ours, other] = [await teleportKey(), await teleportKey()];
  [good, goodOther] = [await certify(ours.keys, issuing), await certify(other.keys, issuing)];
});

const entry = (override: Issuer, more: object = {}) => ({ certificate: override.pem, ...more });

async function withCrls(entries: readonly object[], issuers: readonly Issuer[]): Promise<CaOverride> {
  const crls = await Promise.all(
    issuers.map(async (issuer) => [keyHash(issuer), { pem: await crlOf(issuer) }] as const),
  );
  return readOverride(
    documentWith(entries, { status: { public_key_hash_to_crl: Object.fromEntries(crls) } }),
  );
}

function check(context: Pick<LiveContext, "authority" | "live" | "desired"> & Partial<LiveContext>) {
  return checkAgainstLive({ goal: null, now: NOW, rotationEndsAt: null, retired: [], ...context });
}

const codes = (findings: readonly { readonly code: string }[]) => findings.map(({ code }) => code);

describe("revocation lists", () => {
  it("hold only if the server would use them again", async () => {
    const certificate = parse(good.pem);
    const crl = await readRevocationList(await crlOf(good), certificate);
    if (crl === null) throw new Error("no CRL");
    expect(crlProblem(crl, certificate, NOW)).toBeNull();
    expect(crlProblem(undefined, certificate, NOW)).toBe("there is none");
    expect(crlProblem(crl, certificate, NOW - 10 * 60_000)).toContain("begins only on");
    expect(crlProblem({ ...crl, nextUpdate: null }, certificate, NOW)).toContain("until when");
    expect(crlProblem({ ...crl, signatureValid: false }, certificate, NOW)).toContain("signature");
    const longer = parse((await certify(ours.keys, issuing, { notAfter: BOUND + DAY })).pem);
    expect(crlProblem(crl, longer, NOW)).toContain("before the certificate");
    const renamed = parse((await certify(ours.keys, issuing, { subject: `O=${CLUSTER}` })).pem);
    expect(crlProblem(crl, renamed, NOW)).toContain("not the certificate's subject");
  });

  it("that are missing in the cluster are told, for entries that stay", async () => {
    const live = await withCrls([entry(good), entry(goodOther)], [goodOther]);
    const authority = authorityOf("standby", [ours, other]);
    const found = check({ authority, live, desired: live });
    expect(found).toMatchObject([
      { code: "crl-missing", severity: "warning", where: "spec.certificate_overrides[0]" },
    ]);
    expect([...keysWithCrl(live, NOW)]).toEqual([keyHash(other)]);
    const desired = await readOverride(documentWith([entry(goodOther)]));
    expect(codes(check({ authority: authorityOf("standby", [other]), live, desired }))).toEqual([]);
  });

  it("cannot be made any more once the self-signed certificate has expired", async () => {
    const expired = await teleportKey(NOW - DAY);
    const override = await certify(expired.keys, issuing, { notAfter: NOW - DAY });
    const desired = await readOverride(documentWith([entry(override)]));
    const authority = authorityOf("standby", [expired]);
    const found = check({ authority, live: emptyOverride(CLUSTER, "db_client"), desired });
    expect(codes(found)).toEqual(["self-signed-expired"]);
    expect(serverRefusal(found, { force: true })?.serverText).toContain("ThisUpdate is after");
    expect(codes(check({ authority, live: await withCrls([entry(override)], [override]), desired }))).toEqual(
      [],
    );
  });
});

describe("against the live cluster", () => {
  it("says that nothing is certain when the live resource cannot be read", async () => {
    const live = await readOverride(documentWith([{ certificate: "damaged" }]));
    const found = check({
      authority: authorityOf("standby", [ours]),
      live,
      desired: emptyOverride(CLUSTER, "db_client"),
    });
    expect(found).toMatchObject([
      { code: "live-unreadable", where: "spec.certificate_overrides[0].certificate" },
    ]);
    const mute: CaOverride = { ...emptyOverride(CLUSTER, "db_client"), complete: false };
    expect(
      check({ authority: authorityOf("standby", [ours]), live: mute, desired: live })[0]?.message,
    ).toContain("unknown form");
  });

  it("finds a certificate that ends before the rotation can", async () => {
    const short = await certify(ours.keys, issuing, { notAfter: NOW + 5 * DAY });
    const desired = await readOverride(
      documentWith([entry(short), entry(goodOther), { disabled: true, public_key: "ab".repeat(32) }]),
    );
    const live = await withCrls([entry(short), entry(goodOther)], [short, goodOther]);
    const authority = authorityOf("init", [ours], [other]);
    const found = check({ authority, live, desired, rotationEndsAt: NOW + 10 * DAY });
    expect(codes(found)).toEqual(["expires-before-rotation-ends", "key-unknown"]);
    expect(codes(check({ authority, live, desired, rotationEndsAt: NOW + DAY }))).toEqual(["key-unknown"]);
  });

  it("leaves OLD's entry alone during a rotation, in every way", async () => {
    const live = await withCrls([entry(good), entry(goodOther)], [good, goodOther]);
    const renewed = await certify(ours.keys, issuing, { serial: "99" });
    const cases = [
      ["init", [entry(renewed), entry(goodOther)], ["rollback-entry-touched"]],
      ["init", [entry(good, { disabled: true }), entry(goodOther)], ["live-disable", "hsm"]],
      ["update_clients", [entry(good, { disabled: true }), entry(goodOther)], ["rollback-entry-touched"]],
      ["update_servers", [entry(renewed), entry(goodOther)], ["rollback-entry-touched"]],
      ["update_servers", [entry(good), entry(goodOther)], []],
      ["rollback", [entry(good)], []],
    ] as const;
    for (const [phase, entries, wanted] of cases) {
      const flipped = phase === "update_clients" || phase === "update_servers";
      const authority = flipped ? authorityOf(phase, [other], [ours]) : authorityOf(phase, [ours], [other]);
      const desired = await readOverride(documentWith(entries));
      expect(codes(check({ authority, live, desired })), phase).toEqual(
        wanted.filter((code) => code !== "hsm"),
      );
    }
  });

  it("lets go of OLD's entry when the same commit ends the rotation", async () => {
    const live = await withCrls([entry(good), entry(goodOther)], [good, goodOther]);
    const desired = await readOverride(documentWith([entry(goodOther)]));
    const authority = authorityOf("update_servers", [other], [ours]);
    expect(codes(check({ authority, live, desired, goal: "standby" }))).toEqual([]);
    expect(codes(check({ authority, live, desired, goal: "update_servers" }))).toEqual([
      "rollback-entry-touched",
    ]);
  });

  it("lets go of OLD's entry at the end of a walk, and of what was never in force", async () => {
    const live = await withCrls([entry(good, { disabled: true }), entry(goodOther)], [good, goodOther]);
    const desired = await readOverride(documentWith([entry(goodOther)]));
    const authority = authorityOf("init", [ours], [other]);
    expect(codes(check({ authority, live, desired }))).toEqual([]);
    const inForce = await withCrls([entry(good), entry(goodOther)], [good, goodOther]);
    expect(codes(check({ authority, live: inForce, desired, goal: "standby" }))).toEqual([]);
    expect(codes(check({ authority, live: inForce, desired, goal: "update_clients" }))).toEqual([
      "live-removal",
    ]);
  });

  it("calls nothing incomplete that is not overridden at all", async () => {
    const authority = authorityOf("standby", [ours, other]);
    const live = emptyOverride(CLUSTER, "db_client");
    const staged = await readOverride(documentWith([entry(good, { disabled: true })]));
    expect(codes(check({ authority, live, desired: staged }))).toEqual([]);
    const half = await readOverride(
      documentWith([entry(good), { disabled: true, public_key: keyHash(other) }]),
    );
    expect(check({ authority, live, desired: half })).toMatchObject([
      { code: "hsm-incomplete", where: "spec.certificate_overrides[1]" },
    ]);
  });

  it("knows keys of an HSM that have their revocation list already", async () => {
    const authority = authorityOf("standby", [ours, other], [], { storage: "AWS KMS" });
    const live = await withCrls([entry(good), entry(goodOther)], [good, goodOther]);
    expect(codes(check({ authority, live, desired: live }))).toEqual([]);
    const alone = authorityOf("standby", [ours], [], { storage: "AWS KMS" });
    const desired = await readOverride(documentWith([entry(good)]));
    expect(codes(check({ authority: alone, live: emptyOverride(CLUSTER, "db_client"), desired }))).toEqual(
      [],
    );
  });

  it("takes a live entry for faulty when it is enabled and has errors of its own", async () => {
    const expired = await certify(ours.keys, issuing, { notAfter: NOW - DAY });
    const misnamed = await certify(other.keys, issuing, { subject: "O=elsewhere" });
    const live = await readOverride(documentWith([entry(expired), entry(misnamed)]));
    expect([...faultyKeys(live, NOW)].sort()).toEqual([keyHash(ours), keyHash(other)].sort());
    const staged = await readOverride(documentWith([entry(expired, { disabled: true }), entry(goodOther)]));
    expect([...faultyKeys(staged, NOW)]).toEqual([]);
  });
});
