import { describe, expect, it } from "vitest";
import { checkSignatureFrom } from "../../src/x509/check-signature.ts";
import { signatureAlgorithm } from "../../src/x509/signature-algorithm.ts";
import { isSignedWithKeyOf } from "../../src/x509/signed-by.ts";
import { certify, newKeys, P256, parse } from "../teleport/overrides/pki.ts";

describe("signature algorithms", () => {
  it.each([
    ["1.2.840.113549.1.1.4", null, "MD5-RSA", "insecure", "weak"],
    ["1.2.840.113549.1.1.11", "SHA-256", "SHA256-RSA", "verified", "sound"],
    ["1.2.840.113549.1.1.10", "SHA-384", "SHA384-RSAPSS", "verified", "unusual"],
    ["1.2.840.113549.1.1.10", "SHA-1", "RSA-PSS with SHA-1", "unimplemented", "weak"],
    ["1.2.840.113549.1.1.10", null, "RSA-PSS with SHA-1", "unimplemented", "weak"],
    ["1.2.3", null, "1.2.3", "unimplemented", "unusual"],
  ])("%s %s", (oid, hash, name, go, soundness) => {
    expect(signatureAlgorithm({ oid, hash })).toEqual({ name, go, soundness });
  });

  it("that Go cannot verify are refused by it, sound as they may be", async () => {
    const issuing = await certify(await newKeys(), null, { subject: "CN=Issuing" });
    const child = parse((await certify(await newKeys(), issuing)).pem);
    const parent = parse(issuing.pem);
    expect(checkSignatureFrom(child, parent)).toBeNull();
    const sha224 = { ...child, signature: { oid: "1.2.840.10045.4.3.1", hash: null } };
    expect(checkSignatureFrom(sha224, parent)).toContain("algorithm unimplemented");
    const pssKey = { ...parent, key: { type: "rsa-pss", bits: 2048, curve: null } };
    expect(checkSignatureFrom(child, pssKey)).toContain("algorithm unimplemented");
    expect(checkSignatureFrom({ ...child, pem: "damaged" }, parent)).toBe("x509: ECDSA verification failure");
    expect(P256.hash).toBe("SHA-256");
  });
});

describe("a signature", () => {
  it("is the issuer's by arithmetic, whatever the names are", async () => {
    const issuing = await certify(await newKeys(), null, { subject: "CN=Issuing" });
    const namesake = await certify(await newKeys(), null, { subject: "CN=Issuing" });
    const other = await certify(await newKeys({ name: "Ed25519" }), null, { subject: "CN=Issuing" });
    const { pem } = await certify(await newKeys(), issuing);
    expect(isSignedWithKeyOf(pem, issuing.pem)).toBe(true);
    expect(isSignedWithKeyOf(pem, namesake.pem)).toBe(false);
    expect(isSignedWithKeyOf(pem, other.pem)).toBe(false);
    expect(isSignedWithKeyOf(pem, "damaged")).toBe(false);
    expect(isSignedWithKeyOf("damaged", issuing.pem)).toBe(false);
  });
});
