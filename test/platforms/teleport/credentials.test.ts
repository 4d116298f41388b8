import { chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTctlIdentity } from "../../../src/platforms/teleport/tctl-identity.ts";
import { type AuthorityKey, NEVER_ROTATED } from "../../../src/rotation/observation.ts";
import { makeCertificate, makeSshKey, type TestKey } from "../keys.ts";

/** What the cluster lists, where nobody needs to compare. */
const NO_AUTHORITIES = Promise.resolve([]);

let folder: string;
let client: TestKey & { readonly privatePem: string };
let hostCa: TestKey;
let oldHostCa: TestKey;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "capstan-identity-"));
  client = await makeCertificate({
    name: "bot-capstan",
    ca: false,
    notAfter: new Date("2026-11-21T09:00:00Z"),
  });
  hostCa = await makeCertificate();
  oldHostCa = await makeCertificate({ algorithm: "RSA 2048" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, ...parts: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, parts.join(""));
  return path;
}

it("without an identity file tctl finds its own", async () => {
  expect(await readTctlIdentity(null, NO_AUTHORITIES)).toEqual({
    source: "ambient",
    path: null,
    problem: null,
    notAfter: null,
    trusts: [],
  });
});

it("tells when the client certificate ends and which CAs it trusts; never the private key", async () => {
  // The order in which tbot and `auth sign` write it.
  const path = write(
    "identity",
    client.privatePem,
    `ssh-ed25519-cert-v01@openssh.com ${Buffer.from("cert").toString("base64")}\n`,
    client.text,
    `@cert-authority acme.cluster,*.acme.cluster ${makeSshKey().text.trim()} type=host\n`,
    hostCa.text,
    oldHostCa.text,
    hostCa.text,
  );
  const credentials = await readTctlIdentity(path, NO_AUTHORITIES);
  expect(credentials).toEqual({
    source: "identity-file",
    path,
    problem: null,
    notBefore: "2026-11-21T08:00:00.000Z",
    notAfter: "2026-11-21T09:00:00.000Z",
    signedBy: [],
    trusts: [hostCa.fingerprint, oldHostCa.fingerprint],
  });
  expect(JSON.stringify(credentials)).not.toContain(client.privatePem.split("\n")[1]);
});

it("tells by signature which key of the user CA issued the certificate", async () => {
  const key = ({ text, fingerprint }: TestKey): AuthorityKey => ({
    protocol: "tls",
    fingerprint,
    algorithm: "ECDSA P-256",
    storage: "software",
    material: text,
  });
  // The test's client certificate is signed by its own key, which stands for the user CA here.
  const user = {
    type: "user",
    cluster: "acme.cluster",
    active: [key(oldHostCa), key(hostCa)],
    trusted: [key(client)],
    rotation: NEVER_ROTATED,
  };
  const { signedBy } = await readTctlIdentity(write("issued", client.text), Promise.resolve([user]));
  expect(signedBy).toEqual([client.fingerprint]);
});

describe("what cannot be read is a problem, not a failure: the guard judges it", () => {
  it.each([
    ["a file that is not there", () => join(folder, "nothing"), "there is no such file"],
    ["a folder", () => folder, "it is a folder; tbot writes a file named identity into it"],
    ["an empty file", () => write("empty"), "it holds no client certificate"],
    ["CAs only", () => write("cas", hostCa.text), "it holds no client certificate"],
    [
      "a broken certificate",
      () => write("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      "a certificate in it cannot be parsed",
    ],
    [
      "a file far too large",
      () => {
        const path = write("large");
        truncateSync(path, 50 * 1024 * 1024);
        return path;
      },
      "it is too large to be an identity file",
    ],
  ])("%s", async (_what, make, problem) => {
    const path = make();
    expect(await readTctlIdentity(path, NO_AUTHORITIES)).toEqual({
      source: "identity-file",
      path,
      problem,
      notAfter: null,
      trusts: [],
    });
  });

  it("a file of somebody else", async () => {
    const path = write("secret");
    chmodSync(path, 0o000);
    // Permissions do not stop root, so root reads as nobody.
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      expect((await readTctlIdentity(path, NO_AUTHORITIES)).problem).toBe("it may not be read");
    } finally {
      if (root) process.seteuid?.(0);
    }
  });
});
