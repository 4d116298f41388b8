import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readCaCertificate, readCaCertificates } from "../../src/x509/ca-certificate.ts";
import { toPem } from "../../src/x509/pem.ts";
import { isKeyOf, privateKeyPem, readPrivateKey } from "../../src/x509/private-key.ts";
import { fingerprintOfHash, keyHashOf } from "../../src/x509/spki.ts";
import { makeCertificate } from "../platforms/keys.ts";

describe("PEM", () => {
  it("is what OpenSSL writes, to the last line feed", async () => {
    const { text } = await makeCertificate();
    const certificate = new X509Certificate(text);
    expect(toPem("CERTIFICATE", certificate.raw)).toBe(certificate.toString());
  });

  it("is nothing between two lines for no bytes", () => {
    expect(toPem("EMPTY", new Uint8Array())).toBe("-----BEGIN EMPTY-----\n-----END EMPTY-----\n");
  });
});

describe("the certificate of a CA", () => {
  it("is read out of any text, with the line feed at its end", async () => {
    const { text, fingerprint } = await makeCertificate();
    const pem = text.trim();
    for (const spelled of [pem, text, `# acme\n${pem}`, text.replaceAll("\n", "\r\n")])
      expect(readCaCertificate(spelled)).toEqual({ pem: `${pem}\n`, fingerprint });
  });

  it("stands alone, unless a bundle is asked for", async () => {
    const [one, two] = [await makeCertificate(), await makeCertificate({ algorithm: "Ed25519" })];
    expect(readCaCertificates(`${one.text}${two.text}`).map(({ fingerprint }) => fingerprint)).toEqual([
      one.fingerprint,
      two.fingerprint,
    ]);
    expect(readCaCertificates("")).toEqual([]);
    expect(() => readCaCertificate(`${one.text}${two.text}`)).toThrow(
      "it holds 2 certificates, and one is expected",
    );
    expect(() => readCaCertificate("acme")).toThrow("there is no certificate in it");
  });

  it("is refused without a word of what stands there", () => {
    const text = "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----";
    expect(() => readCaCertificate(text)).toThrow(/^it is PEM, but no certificate$/);
  });
});

describe("a private key", () => {
  it.each([
    ["ed25519", "ed25519", "ED25519 PRIVATE KEY"],
    ["ed25519", "pkcs8", "PRIVATE KEY"],
    ["ec", "sec1", "EC PRIVATE KEY"],
    ["ec", "pkcs8", "PRIVATE KEY"],
  ] as const)("of the kind %s as %s is read again", (kind, form, label) => {
    const { privateKey } =
      kind === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
    const pem = privateKeyPem(privateKey, form);
    expect(pem.split("\n")[0]).toBe(`-----BEGIN ${label}-----`);
    expect(readPrivateKey(pem).equals(privateKey)).toBe(true);
  });

  it("is told from that of another certificate", async () => {
    const [own, other] = [await makeCertificate(), await makeCertificate()];
    expect(isKeyOf(own.privatePem, own.text)).toBe(true);
    expect(isKeyOf(other.privatePem, own.text)).toBe(false);
    expect(isKeyOf("acme", own.text)).toBe(false);
    expect(isKeyOf(own.privatePem, "acme")).toBe(false);
  });
});

it("the digest of a fingerprint is its hash, in lower case", () => {
  expect(keyHashOf("sha256:AB12")).toBe("ab12");
  expect(fingerprintOfHash("ab12")).toBe("sha256:ab12");
});
