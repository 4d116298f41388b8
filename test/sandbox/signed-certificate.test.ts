import "reflect-metadata";
import { generateKeyPairSync, X509Certificate as NodeCertificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import type { KeyPair } from "../../src/sandbox/key-pair.ts";
import {
  alternativeNames,
  authorityKeyId,
  basicConstraints,
  distinguishedName,
  extendedKeyUsage,
  keyIdOf,
  keyUsage,
  newSerial,
  signedCertificate,
  signedRequest,
  subjectIn,
  subjectKeyId,
} from "../../src/sandbox/signed-certificate.ts";

const KEYS: readonly (readonly [string, KeyPair])[] = [
  ["Ed25519", generateKeyPairSync("ed25519")],
  ["ECDSA", generateKeyPairSync("ec", { namedCurve: "P-256" })],
  ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 })],
];

const NAMES = [
  "localhost",
  "a.example",
  "127.0.0.1",
  "::1",
  "2001:db8::8:800:200c:417a",
  "::ffff:10.0.0.1",
  "fe80:1:2:3:4:5:6:7",
];

/** What a library of its own, and OpenSSL, read in what was written here. */
describe.each(KEYS)("a certificate signed with a key of %s", (_, { publicKey, privateKey }) => {
  const notBefore = new Date("2049-12-31T23:59:59Z");
  const notAfter = new Date("2050-01-01T00:00:00Z");
  const serial = newSerial();
  const name = distinguishedName([
    { O: ["zebra", "Änder & Söhne", "acme"] },
    { CN: ["x".repeat(300)] },
    { "2.5.4.5": ["77"] },
  ]);
  const der = signedCertificate(
    {
      issuer: name,
      subject: distinguishedName([]),
      serial,
      notBefore,
      notAfter,
      publicKey,
      extensions: [
        keyUsage("digitalSignature", "keyEncipherment"),
        extendedKeyUsage("serverAuth", "clientAuth"),
        basicConstraints(true),
        subjectKeyId(keyIdOf(publicKey)),
        authorityKeyId(Buffer.from("0badcafe", "hex")),
        alternativeNames(NAMES),
      ],
    },
    privateKey,
  );
  const certificate = new X509Certificate(der);
  const node = new NodeCertificate(der);

  it("verifies, and says who, when and for whom", () => {
    expect(node.verify(publicKey)).toBe(true);
    expect(node.checkPrivateKey(privateKey)).toBe(true);
    expect(certificate.serialNumber).toBe(serial.toString("hex"));
    expect([certificate.notBefore, certificate.notAfter]).toEqual([notBefore, notAfter]);
    expect(certificate.issuerName.getField("O").toSorted()).toEqual(["acme", "zebra", "Änder & Söhne"]);
    expect(certificate.issuerName.getField("2.5.4.5")).toEqual(["77"]);
    expect(certificate.issuerName.getField("CN")).toEqual(["x".repeat(300)]);
    expect(certificate.subject).toBe("");
    for (const one of NAMES.slice(2)) expect(node.checkIP(one), one).toBe(one);
    expect(node.checkHost("a.example")).toBe("a.example");
  });

  it("has its extensions", async () => {
    expect(certificate.getExtension(KeyUsagesExtension)).toMatchObject({
      usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
      critical: true,
    });
    expect(certificate.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual([
      "1.3.6.1.5.5.7.3.1",
      "1.3.6.1.5.5.7.3.2",
    ]);
    expect(certificate.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: true, critical: true });
    expect(certificate.getExtension(SubjectAlternativeNameExtension)?.names.items).toHaveLength(NAMES.length);
    expect(certificate.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe("0badcafe");
    const usual = await SubjectKeyIdentifierExtension.create(certificate.publicKey);
    expect(certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId).toBe(usual.keyId);
  });

  it("gives its subject as it is written", () => {
    const self = { issuer: name, subject: name, serial, notBefore, notAfter, publicKey, extensions: [] };
    expect(subjectIn(signedCertificate(self, privateKey))).toEqual(name);
  });

  it("a request that asks for no extensions has no list of them", async () => {
    const subject = distinguishedName([{ CN: ["worker-1"] }]);
    const request = new Pkcs10CertificateRequest(
      signedRequest({ subject, extensions: [] }, { publicKey, privateKey }),
    );
    expect(await request.verify()).toBe(true);
    expect(request.attributes).toEqual([]);
  });

  it("a request verifies, and asks for names", async () => {
    const subject = distinguishedName([{ CN: ["worker-1"] }]);
    const request = new Pkcs10CertificateRequest(
      signedRequest({ subject, extensions: [alternativeNames(["a.example"])] }, { publicKey, privateKey }),
    );
    expect(await request.verify()).toBe(true);
    expect(request.subject).toBe("CN=worker-1");
    expect(request.extensions).toMatchObject([{ names: { items: [{ type: "dns", value: "a.example" }] } }]);
  });
});

it("unused bits of a key usage are counted, as DER has no zeros at the end", () => {
  expect(keyUsage("keyCertSign", "cRLSign").toString("hex")).toBe("300e0603551d0f0101ff040403020106");
});
