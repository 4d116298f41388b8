import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactsFor } from "../../src/artifacts/artifacts.ts";
import type { ProbeResult } from "../../src/probes/result.ts";
import type { KeysByRole } from "../../src/rotation/key-sets.ts";
import { NEVER_ROTATED } from "../../src/rotation/observation.ts";
import { makeJwtKey } from "../servers/certificates.ts";
import { describeWith } from "../servers/executables.ts";
import { makeSshKey, makeSshLine, signSshKey } from "../servers/ssh-keys.ts";
import { makeAuthorities, probeOne, type TestAuthorities } from "./support.ts";

const [oldSsh, newSsh, foreignSsh] = [makeSshLine("old"), makeSshLine("new"), makeSshLine("foreign")];
const sshCandidates: KeysByRole = { old: [oldSsh], new: [newSsh] };
let authorities: TestAuthorities;

beforeAll(async () => {
  authorities = await makeAuthorities();
});

async function check(content: string | Uint8Array, candidates: KeysByRole): Promise<ProbeResult> {
  return probeOne(
    { kind: "file", name: "file-1", path: "trust/file", deadlineMs: null },
    { candidates, readFile: async () => Buffer.from(content) },
  );
}

describe("a PEM file", () => {
  it.each([
    ["the old CA", ["old"], "old", { old: "yes", new: "no" }],
    ["both CAs", ["new", "old"], "both", { old: "yes", new: "yes" }],
    ["the new CA and a foreign one", ["foreign", "new"], "new", { old: "no", new: "yes" }],
    ["a foreign CA", ["foreign"], "neither", { old: "no", new: "no" }],
  ] as const)("with %s", async (_, names, uses, trusts) => {
    const pem = names.map((name) => authorities[name].certificate).join("# comment\n");
    expect(await check(pem, authorities.candidates)).toMatchObject({ uses, trusts });
  });

  it("is read where it is indented, as in Helm values", async () => {
    const indented = `tls:\n  ca: |\n    ${authorities.new.certificate.trim().replaceAll("\n", "\n    ")}\n`;
    expect(await check(indented, authorities.candidates)).toMatchObject({
      uses: "new",
      trusts: { new: "yes" },
    });
  });

  it("is read as DER too", async () => {
    const { raw } = new X509Certificate(authorities.new.certificate);
    expect(await check(raw, authorities.candidates)).toMatchObject({
      uses: "new",
      trusts: { old: "no", new: "yes" },
    });
  });

  it("with a server certificate tells what is used, and nothing of trust", async () => {
    const { certificate } = await authorities.new.issue();
    const result = await check(certificate, authorities.candidates);
    expect(result).toMatchObject({ uses: "new", trusts: { old: "unknown", new: "unknown" } });
    expect(result.detail).toBe("trust/file holds a certificate issued by the new CA.");
  });

  it("with public keys is about tokens", async () => {
    const [old, fresh] = [makeJwtKey().key, makeJwtKey().key];
    const result = await check(fresh.material, { old: [old], new: [fresh] });
    expect(result).toMatchObject({ uses: "new", trusts: { old: "no", new: "yes" } });
  });

  it("of a CA with keys of both kinds is judged by the kind that it holds", async () => {
    const [old, fresh] = [makeJwtKey().key, makeJwtKey().key];
    const candidates = { old: [authorities.old.key, old], new: [authorities.new.key, fresh] };
    const pem = authorities.old.certificate + authorities.new.certificate;
    expect(await check(pem, candidates)).toMatchObject({ uses: "both", trusts: { old: "yes", new: "yes" } });
  });
});

describe("a file of OpenSSH lines", () => {
  const line = (key: typeof oldSsh) => key.material;

  it.each([
    [
      "known_hosts with both",
      () => [`@cert-authority *.acme ${line(oldSsh)}`, `@cert-authority * ${line(newSsh)}`],
      "both",
      { old: "yes", new: "yes" },
    ],
    ["TrustedUserCAKeys with the new one", () => ["# ours", line(newSsh)], "new", { old: "no", new: "yes" }],
    [
      "authorized_keys with the old one",
      () => [`cert-authority,principals="x" ${line(oldSsh)}`],
      "old",
      { old: "yes", new: "no" },
    ],
    [
      "a host key of its own, which is no CA",
      () => [`db-1 ${line(newSsh)}`, line(foreignSsh)],
      "neither",
      { old: "no", new: "no" },
    ],
    [
      "a revoked CA",
      () => [`@revoked * ${line(newSsh)}`, `@cert-authority * ${line(oldSsh)}`],
      "old",
      { old: "yes", new: "no" },
    ],
    [
      "a CA that is commented out",
      () => [`# @cert-authority * ${line(newSsh)}`, line(oldSsh)],
      "old",
      { old: "yes", new: "no" },
    ],
  ] as const)("%s", async (_, lines, uses, trusts) => {
    expect(await check(`${lines().join("\n")}\n`, sshCandidates)).toMatchObject({ uses, trusts });
  });
});

describe("any other file", () => {
  it.each([
    ["is empty", ""],
    ["is prose", "trust us\n"],
    ["holds host keys only", `db-1 ${foreignSsh.material}\n`],
  ])("that %s says nothing", async (_, content) => {
    expect(await check(content, sshCandidates)).toMatchObject({
      uses: "unknown",
      detail: "trust/file holds no certificate and no key of a CA.",
    });
  });

  it.each([
    ["a certificate that is cut off", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"],
    ["what begins like DER", new Uint8Array([0x30, 0x82, 1, 2, 3])],
    ["a key that is cut off", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n"],
  ])("with %s cannot be read", async (_, content) => {
    const result = await check(content, sshCandidates);
    expect(result.uses).toBe("unknown");
    expect(result.detail).toMatch(/^trust\/file cannot be read: /);
  });

  it("of another kind than the CA's keys cannot be judged", async () => {
    expect(await check(authorities.old.certificate, sshCandidates)).toMatchObject({
      uses: "unknown",
      detail: "trust/file holds tls keys, and the CA has none.",
    });
  });

  it("that is not there is unreachable", async () => {
    const result = await probeOne(
      { kind: "file", name: "gone", path: "trust/gone", deadlineMs: null },
      { candidates: sshCandidates },
    );
    expect(result).toMatchObject({
      consumer: "gone",
      uses: "unreachable",
      detail: "trust/gone: no such file.",
    });
  });
});

describe("what a person has to look at", () => {
  it("is unknown, with the instructions", async () => {
    const result = await probeOne(
      { kind: "manual", name: "ad", instructions: "run certutil on a domain controller", deadlineMs: null },
      { candidates: sshCandidates },
    );
    expect(result).toEqual({
      consumer: "ad",
      uses: "unknown",
      trusts: { old: "unknown", new: "unknown" },
      detail: "a person has to look: run certutil on a domain controller.",
      evidence: { protocol: null, shown: [], accepts: null },
    });
  });
});

describe("our own artifacts", () => {
  it("are what the probe finds both CAs in", async () => {
    const init = { ...NEVER_ROTATED, state: "in_progress", phase: "init" } as const;
    const cluster = "acme.cluster";
    const active = [authorities.old.key, oldSsh];
    const trusted = [authorities.new.key, newSsh];
    const artifacts = artifactsFor({ type: "host", cluster, active, trusted, rotation: init });
    const candidates = { old: active, new: trusted };
    const bundles = artifacts.filter(({ path }) => path.includes("/bundle."));
    expect(bundles).toHaveLength(2);
    for (const { bytes } of bundles) {
      expect(await check(bytes, candidates)).toMatchObject({
        uses: "both",
        trusts: { old: "yes", new: "yes" },
      });
    }
  });
});

describeWith(["ssh-keygen"], "a file with an OpenSSH certificate", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "capstan-ssh-file-"));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(["ed25519", "rsa", "ecdsa"])("signed by a CA of type %s uses that CA", async (type) => {
    const authority = makeSshKey(folder, `ca-${type}`, type);
    const host = makeSshKey(folder, `host-${type}`, type);
    const certificate = signSshKey(authority, host.path);
    const candidates = { old: [oldSsh], new: [authority.key] };
    expect(await check(`${certificate}\n`, candidates)).toMatchObject({
      uses: "new",
      trusts: { old: "unknown", new: "unknown" },
    });
    const words = certificate.split(" ");
    const blob = Buffer.from(words[1] ?? "", "base64");
    // Inside the nonce, which follows the type and is signed.
    const at = 4 + blob.readUInt32BE(0) + 4 + 5;
    blob.writeUInt8(blob.readUInt8(at) ^ 1, at);
    const forged = `${words[0]} ${blob.toString("base64")}\n`;
    expect(await check(forged, candidates)).toMatchObject({ uses: "neither" });
  });

  it("signed with SHA-1 is not believed, as OpenSSH does not", async () => {
    const authority = makeSshKey(folder, "ca-sha1", "rsa");
    const host = makeSshKey(folder, "host-sha1");
    const certificate = signSshKey(authority, host.path, { algorithm: "ssh-rsa" });
    expect(await check(certificate, { old: [], new: [authority.key] })).toMatchObject({ uses: "neither" });
  });
});
