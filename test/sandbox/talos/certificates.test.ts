import "reflect-metadata";
import { X509Certificate as NodeCertificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import {
  type AuthorityKind,
  issue,
  loadPrivateKey,
  mintAuthority,
  requestCertificate,
  signCertificateRequest,
  YEAR_HOURS,
} from "../../../src/sandbox/talos/certificates.ts";
import { certificatePool, decodePem, openSslKey } from "../../../src/sandbox/talos/go-pem.ts";
import { isClientOnly, organizationsOf, verifyCertificate } from "../../../src/sandbox/talos/go-verify.ts";

const now = Date.now();
const client = { organizations: ["os:admin"], usage: "clientAuth", now, hours: 1 } as const;

describe("certificate authorities (TA 7)", () => {
  it.each<[AuthorityKind, string, string, string]>([
    ["talos", "O=talos", "ed25519", "ED25519 PRIVATE KEY"],
    ["kubernetes", "O=kubernetes", "ec", "EC PRIVATE KEY"],
    ["etcd", "O=etcd", "ec", "EC PRIVATE KEY"],
    ["aggregator", "", "ec", "EC PRIVATE KEY"],
  ])("%s", async (kind, subject, algorithm, label) => {
    const { crt, key } = await mintAuthority(kind, { now });
    const certificate = new X509Certificate(crt);
    expect(certificate.subject).toBe(subject);
    expect(new NodeCertificate(crt).publicKey.asymmetricKeyType).toBe(algorithm);
    expect(decodePem(key).map((block) => block.label)).toEqual([label]);
    expect(crt.endsWith("-----END CERTIFICATE-----\n")).toBe(true);
    const life = certificate.notAfter.getTime() - certificate.notBefore.getTime();
    expect(life).toBe(10 * YEAR_HOURS * 3_600_000);
    expect(certificate.notBefore.getTime()).toBe(Math.floor(now / 1000) * 1000);
    expect(certificate.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: true, critical: true });
    expect(certificate.getExtension(BasicConstraintsExtension)?.pathLength).toBeUndefined();
    expect(certificate.getExtension(KeyUsagesExtension)?.usages).toBe(
      KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign,
    );
    expect(certificate.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual([
      ExtendedKeyUsage.serverAuth,
      ExtendedKeyUsage.clientAuth,
    ]);
    expect(certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId).toHaveLength(40);
    expect(certificate.getExtension(AuthorityKeyIdentifierExtension)).toBeNull();
    expect(BigInt(`0x${certificate.serialNumber}`) >> 127n).toBe(0n);
  });

  it("two of a kind differ in everything but their names", async () => {
    const [one, two] = await Promise.all([mintAuthority("talos", { now }), mintAuthority("talos", { now })]);
    const [first, second] = [one, two].map(({ crt }) => new X509Certificate(crt));
    expect(first?.subject).toBe(second?.subject);
    expect(first?.serialNumber).not.toBe(second?.serialNumber);
    expect(first?.getExtension(SubjectKeyIdentifierExtension)?.keyId).not.toBe(
      second?.getExtension(SubjectKeyIdentifierExtension)?.keyId,
    );
  });
});

it("whoever reads organizations leaves node:tls whole, in whichever order both are loaded", async () => {
  const { crt } = await mintAuthority("talos", { now });
  expect(organizationsOf(new NodeCertificate(crt))).toEqual(["talos"]);
  const { createSecureContext } = await import("node:tls");
  expect(createSecureContext).toBeTypeOf("function");
});

describe("leaf certificates", () => {
  it("carry roles as organizations, one usage, and the identifier of their authority", async () => {
    const authority = await mintAuthority("talos", { now });
    const { crt, key } = await issue(authority, { ...client, organizations: ["os:reader", "os:operator"] });
    const certificate = new X509Certificate(crt);
    expect([...organizationsOf(new NodeCertificate(crt))].sort()).toEqual(["os:operator", "os:reader"]);
    expect(isClientOnly(new NodeCertificate(crt))).toBe(true);
    expect(certificate.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe(
      new X509Certificate(authority.crt).getExtension(SubjectKeyIdentifierExtension)?.keyId,
    );
    expect(certificate.getExtension(BasicConstraintsExtension)).toBeNull();
    expect(new NodeCertificate(crt).checkPrivateKey(loadPrivateKey(key))).toBe(true);
  });

  it("cannot be issued with a key that is not the certificate's", async () => {
    const [one, two] = await Promise.all([mintAuthority("talos", { now }), mintAuthority("talos", { now })]);
    await expect(issue({ crt: one.crt, key: two.key }, client)).rejects.toThrow(
      "x509: provided PrivateKey doesn't match parent's PublicKey",
    );
  });

  it("OpenSSL does not know Talos' key label", async () => {
    const { key } = await mintAuthority("talos", { now });
    const { createPrivateKey } = await import("node:crypto");
    expect(() => createPrivateKey(key)).toThrow();
    expect(createPrivateKey(openSslKey(key)).asymmetricKeyType).toBe("ed25519");
  });
});

describe("requests to trustd", () => {
  it("lose their organizations and keep their names", async () => {
    const authority = await mintAuthority("talos", { now });
    const { csr } = await requestCertificate(authority.crt, {
      commonName: "worker-1",
      addresses: ["10.5.0.5"],
      names: ["worker-1"],
    });
    const certificate = new NodeCertificate(await signCertificateRequest(authority, csr, now));
    expect(certificate.subject).toBe("CN=worker-1");
    expect(certificate.checkIP("10.5.0.5")).toBe("10.5.0.5");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });

  it("cannot be signed by an authority of another algorithm", async () => {
    const authority = await mintAuthority("talos", { now });
    const other = await mintAuthority("talos", { now, algorithm: "ECDSA P-256" });
    const { csr } = await requestCertificate(authority.crt, { commonName: "worker-1" });
    await expect(signCertificateRequest(other, csr, now)).rejects.toThrow("does not match private key type");
  });
});

describe("PEM as Go reads it", () => {
  it("needs a line feed between blocks", async () => {
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map(async () => (await mintAuthority("talos", { now })).crt),
    );
    expect(certificatePool(`${one}${two}`)).toHaveLength(2);
    expect(certificatePool(`${one?.trimEnd()}${two}`)).toHaveLength(0);
    expect(certificatePool(`${one?.trimEnd()}${two}${three}`)).toHaveLength(1);
    expect(certificatePool(`words\n${one}more words\n${two?.trimEnd()}`)).toHaveLength(2);
    expect(certificatePool(`${one}`.replaceAll("\n", "\r\n"))).toHaveLength(1);
  });

  it.each([
    "",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\nAAAA\n",
    "no PEM",
    "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
  ])("finds nothing in %j", (text) => {
    expect(decodePem(text)).toEqual([]);
  });
});

describe("verification in Go's words", () => {
  it("names the candidate that did not work", async () => {
    const [one, two] = await Promise.all([mintAuthority("talos", { now }), mintAuthority("talos", { now })]);
    const leaf = new NodeCertificate((await issue(one, client)).crt);
    const roots = certificatePool(two.crt);
    expect(verifyCertificate(leaf, { roots, now, usage: "clientAuth" })?.text).toBe(
      'x509: certificate signed by unknown authority (possibly because of "x509: Ed25519 verification failure" while trying to verify candidate authority certificate "talos")',
    );
    expect(verifyCertificate(leaf, { roots: [], now, usage: "clientAuth" })?.text).toBe(
      "x509: certificate signed by unknown authority",
    );
    expect(
      verifyCertificate(leaf, { roots: certificatePool(two.crt + one.crt), now, usage: "clientAuth" }),
    ).toBeNull();
  });

  it("looks at time, usage, address, and whether the issuer may sign", async () => {
    const authority = await mintAuthority("kubernetes", { now });
    const roots = certificatePool(authority.crt);
    const server = new NodeCertificate(
      (await issue(authority, { usage: "serverAuth", addresses: ["10.0.0.1"], now, hours: 1 })).crt,
    );
    const check = (change: object): string | undefined =>
      verifyCertificate(server, { roots, now, usage: "serverAuth", address: "10.0.0.1", ...change })?.text;
    expect(check({})).toBeUndefined();
    expect(check({ now: now - 5000 })).toContain("x509: certificate has expired or is not yet valid");
    expect(check({ now: now + 2 * 3_600_000 })).toContain("is after");
    expect(check({ address: "10.0.0.2" })).toBe("x509: certificate is valid for 10.0.0.1, not 10.0.0.2");
    expect(check({ usage: "clientAuth" })).toBe("x509: certificate specifies an incompatible key usage");
    const notAnAuthority = await issue(authority, {
      commonName: "middle",
      usage: "serverAuth",
      now,
      hours: 1,
    });
    const below = new NodeCertificate(
      (await issue(notAnAuthority, { usage: "serverAuth", now, hours: 1 })).crt,
    );
    const problem = verifyCertificate(below, {
      roots: certificatePool(notAnAuthority.crt),
      now,
      usage: "serverAuth",
    });
    expect(problem?.kind).toBe("unknown-authority");
    expect(problem?.text).toContain("parent certificate cannot sign this kind of certificate");
  });
});
