import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeAuthority, makeClient } from "../../src/x509/make.ts";
import { isKeyOf } from "../../src/x509/private-key.ts";
import type { AuthorityProfile } from "../../src/x509/what-is-made.ts";
import { makeCertificate } from "../platforms/keys.ts";

const NOW = new Date("2026-11-21T12:34:56.789Z");
const HOUR_MS = 3_600_000;
const profile = {
  organization: "acme",
  keys: "ec",
  form: "sec1",
  validForMs: HOUR_MS,
} as const satisfies AuthorityProfile;

describe("a CA that is made", () => {
  it("is a root with the name and the time that were asked for, back-dated by ten minutes", async () => {
    const { certificate: pem, key } = await makeAuthority(profile, NOW);
    const certificate = new X509Certificate(pem);
    expect(certificate.subject).toBe("O=acme");
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.validFromDate.toISOString()).toBe("2026-11-21T12:24:56.000Z");
    expect(certificate.validToDate.toISOString()).toBe("2026-11-21T13:24:56.000Z");
    expect(isKeyOf(key, pem)).toBe(true);
  });

  it("has a serial number of 128 bits, positive and without a leading zero", async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => makeAuthority(profile, NOW)));
    const serials = made.map(({ certificate }) => new X509Certificate(certificate).serialNumber);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(new Set(serials).size).toBe(8);
  });
});

describe("a client certificate", () => {
  it.each(["ECDSA P-256", "Ed25519", "RSA 2048"] as const)(
    "has keys like those of its CA: %s",
    async (algorithm) => {
      const authority = await makeCertificate({ algorithm });
      const signing = { certificate: authority.text, key: authority.privatePem };
      const { crt, key } = await makeClient(signing, {
        organization: "os:admin",
        commonName: "ada",
        now: NOW,
      });
      const [issuer, leaf] = [new X509Certificate(authority.text), new X509Certificate(crt)];
      expect(leaf.verify(issuer.publicKey)).toBe(true);
      expect(leaf.publicKey.asymmetricKeyType).toBe(issuer.publicKey.asymmetricKeyType);
      expect(leaf.subject).toBe("O=os:admin\nCN=ada");
      expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
      expect(leaf.ca).toBe(false);
      expect(leaf.validFromDate.toISOString()).toBe("2026-11-21T12:24:56.000Z");
      expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBe(365 * 24 * HOUR_MS);
      expect(isKeyOf(key, crt)).toBe(true);
    },
  );
});
