import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { createRunner } from "../../src/process/runner.ts";
import { readAuthorityKey } from "../../src/x509/authority-key.ts";
import {
  ALGORITHM_NAMES,
  fingerprintOf,
  makeCertificate,
  makeJwtKey,
  makeSshKey,
} from "../platforms/keys.ts";

describe("a key's fingerprint is the hash of its SubjectPublicKeyInfo", () => {
  it.each(ALGORITHM_NAMES)("TLS certificate, %s: the raw bytes of the certificate", async (algorithm) => {
    const made = await makeCertificate({ algorithm });
    const key = await readAuthorityKey("tls", made.text, "software");
    // The expected value was taken from the DER by another library, without encoding the key anew.
    expect(key).toMatchObject({
      protocol: "tls",
      fingerprint: made.fingerprint,
      algorithm,
      storage: "software",
    });
    expect(key.material).toBe(made.text.trim());
    expect(key.certificate).toMatchObject({
      subject: "O=acme.cluster, CN=acme.cluster",
      issuer: "O=acme.cluster, CN=acme.cluster",
      notBefore: "2026-11-21T08:00:00.000Z",
      notAfter: "2036-11-18T08:00:00.000Z",
    });
    expect(key.certificate?.serial).toMatch(/^[0-9a-f]+$/);
  });

  it.each(ALGORITHM_NAMES)("SSH line, %s: the same key as SPKI", async (algorithm) => {
    const made = makeSshKey(algorithm);
    const key = await readAuthorityKey("ssh", made.text, "software");
    expect(key).toEqual({
      protocol: "ssh",
      fingerprint: made.fingerprint,
      algorithm,
      storage: "software",
      material: made.text.trim(),
    });
  });

  it.each(ALGORITHM_NAMES)("JWT key, %s", async (algorithm) => {
    const made = makeJwtKey(algorithm);
    expect(await readAuthorityKey("jwt", made.text, "AWS KMS")).toMatchObject({
      fingerprint: made.fingerprint,
      algorithm,
      storage: "AWS KMS",
    });
  });

  it("counts the bytes of the certificate where encoding the key anew would differ", async () => {
    const { pem, spki } = withoutNull((await makeCertificate({ algorithm: "RSA 2048" })).text);
    const again = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
    expect(again).not.toEqual(spki);
    const key = await readAuthorityKey("tls", pem, "software");
    expect(key).toMatchObject({ fingerprint: fingerprintOf(spki), algorithm: "RSA 2048" });
  });

  it("needs no knowledge of the algorithm of a certificate", async () => {
    const { pem, spki } = withUnknownAlgorithm((await makeCertificate({ algorithm: "Ed25519" })).text);
    expect(() => new X509Certificate(pem).publicKey).toThrow();
    expect(await readAuthorityKey("tls", pem, "software")).toMatchObject({
      fingerprint: fingerprintOf(spki),
      algorithm: "unknown",
    });
  });
});

it("the library for odd certificates also loads in the bundle, where CommonJS is wrapped differently", async () => {
  const folder = mkdtempSync(join(tmpdir(), "capstan-bundle-"));
  try {
    const { pem, spki } = withUnknownAlgorithm((await makeCertificate({ algorithm: "Ed25519" })).text);
    await build({
      stdin: {
        contents: `import { readAuthorityKey } from "./authority-key.ts";
          console.log((await readAuthorityKey("tls", ${JSON.stringify(pem)}, "software")).fingerprint);`,
        resolveDir: join(import.meta.dirname, "../../src/x509"),
      },
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      logLevel: "error",
      banner: {
        js: "import { createRequire as made } from 'node:module'; const require = made(import.meta.url);",
      },
    });
    const { stdout } = await createRunner().run({ argv: [process.execPath, join(folder, "stdin.mjs")] });
    expect(stdout.trim()).toBe(fingerprintOf(spki));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

interface Forged {
  readonly pem: string;
  readonly spki: Buffer;
}

/** The same RSA key, its algorithm written without the customary NULL: two bytes less in four lengths. */
function withoutNull(pem: string): Forged {
  const der = Buffer.from(new X509Certificate(pem).raw);
  const at = der.indexOf(Buffer.from("30820122300d06092a864886f70d0101010500", "hex"));
  for (const length of [2, 6, at + 2]) der.writeUInt16BE(der.readUInt16BE(length) - 2, length);
  der[at + 5] = 0x0b;
  const shorter = Buffer.concat([der.subarray(0, at + 17), der.subarray(at + 19)]);
  return { pem: toPem(shorter), spki: shorter.subarray(at, at + 4 + 0x120) };
}

function withUnknownAlgorithm(pem: string): Forged {
  const der = Buffer.from(new X509Certificate(pem).raw);
  const at = der.indexOf(Buffer.from("302a300506032b6570032100", "hex"));
  der[at + 8] = 0x7f;
  return { pem: toPem(der), spki: der.subarray(at, at + 44) };
}

function toPem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

describe("an OpenSSH line", () => {
  const { text, fingerprint } = makeSshKey("ECDSA P-256");

  it.each([
    ["with a comment", `${text.trim()} turing@acme`],
    ["with options", `cert-authority ${text}`],
    ["as known_hosts has it", `@cert-authority *.acme.cluster ${text.trim()} type=host`],
  ])("%s", async (_what, line) => {
    expect((await readAuthorityKey("ssh", line, "software")).fingerprint).toBe(fingerprint);
  });

  it("of a kind that has no SPKI here gets a fingerprint and its own name all the same", async () => {
    const blob = Buffer.concat([
      ...["ssh-future@example.com", "key"].flatMap((part) => [
        Buffer.from([0, 0, 0, part.length]),
        Buffer.from(part),
      ]),
    ]);
    const line = `ssh-future@example.com ${blob.toString("base64")}`;
    expect(await readAuthorityKey("ssh", line, "software")).toMatchObject({
      algorithm: "ssh-future@example.com",
      fingerprint: fingerprintOf(blob),
    });
  });

  it.each([
    ["nothing", "", "not an OpenSSH public key"],
    ["no key", "hello there", "not an OpenSSH public key"],
    ["cut off", `${text.slice(0, 60)}`, "cut off"],
  ])("%s is refused", async (_what, line, message) => {
    await expect(readAuthorityKey("ssh", line, "software")).rejects.toThrow(message);
  });
});

it("refuses what is no certificate and no key", async () => {
  await expect(
    readAuthorityKey("tls", "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----", ""),
  ).rejects.toThrow();
  await expect(readAuthorityKey("jwt", "hello", "")).rejects.toThrow();
});
