import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Artifact, artifactsFor } from "../../src/artifacts/artifacts.ts";
import { checklistFor } from "../../src/checklist/checklist.ts";
import { Failure } from "../../src/failure.ts";
import {
  type AuthorityKey,
  type LiveAuthority,
  type LiveRotation,
  NEVER_ROTATED,
} from "../../src/rotation/observation.ts";
import { PHASES, type Phase } from "../../src/rotation/phase.ts";
import { AUTHORITY_TYPES } from "../../src/teleport/authority-types.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { makeAuthority, makeJwtKey, type TestAuthority } from "../servers/certificates.ts";
import { describeWith, needExecutable } from "../servers/executables.ts";
import { makeSshLine } from "../servers/ssh-keys.ts";

let folder: string;
let [oldTls, newTls, secondTls]: TestAuthority[] = [];
let [oldSsh, newSsh]: AuthorityKey[] = [];
let [oldJwt, newJwt]: AuthorityKey[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "capstan-artifacts-"));
  [oldTls, newTls, secondTls] = await Promise.all(
    ["old", "new", "second"].map((name) => makeAuthority(name)),
  );
  [oldSsh, newSsh] = ["old", "new"].map((name) => makeSshLine(name));
  [oldJwt, newJwt] = [makeJwtKey().key, makeJwtKey().key];
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function made<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not made yet");
  return value;
}

function keys(generation: "old" | "new", type: string): AuthorityKey[] {
  const isOld = generation === "old";
  const all = {
    tls: made(isOld ? oldTls : newTls).key,
    ssh: made(isOld ? oldSsh : newSsh),
    jwt: made(isOld ? oldJwt : newJwt),
  };
  const protocols = AUTHORITY_TYPES.find(({ name }) => name === type)?.keys ?? [];
  return protocols.map((protocol) => all[protocol]);
}

function authority(type: string, phase: Phase): LiveAuthority {
  const rotation: LiveRotation = {
    ...NEVER_ROTATED,
    state: phase === "standby" ? "standby" : "in_progress",
    phase,
    currentId: "0d1f6f3e-0000-4000-8000-000000000001",
  };
  const signs = phase === "init" || phase === "rollback" ? "old" : "new";
  const other = signs === "old" ? "new" : "old";
  return {
    type,
    cluster: "acme.cluster",
    active: keys(signs, type),
    trusted: phase === "standby" ? [] : keys(other, type),
    rotation,
  };
}

function paths(artifacts: readonly Artifact[]): string[] {
  return artifacts.map(({ path }) => path);
}

function text(artifacts: readonly Artifact[], path: string): string {
  const artifact = artifacts.find((candidate) => candidate.path === path);
  if (artifact === undefined) throw new Error(`no ${path} among ${paths(artifacts).join(", ")}`);
  return artifact.bytes.toString("utf8");
}

describe("artifacts", () => {
  it("are both CAs and a bundle while a rotation is in progress", () => {
    expect(paths(artifactsFor(authority("host", "init")))).toEqual([
      "acme.cluster/host/ca-pins.txt",
      "acme.cluster/host/manifest.json",
      "acme.cluster/host/ssh/bundle.known_hosts",
      "acme.cluster/host/ssh/new.known_hosts",
      "acme.cluster/host/ssh/old.known_hosts",
      "acme.cluster/host/tls/bundle.pem",
      "acme.cluster/host/tls/new.der",
      "acme.cluster/host/tls/new.pem",
      "acme.cluster/host/tls/old.der",
      "acme.cluster/host/tls/old.pem",
    ]);
  });

  it("are the one CA at standby, under the same name for the bundle", () => {
    const artifacts = artifactsFor(authority("user", "standby"));
    expect(paths(artifacts)).toEqual([
      "acme.cluster/user/manifest.json",
      "acme.cluster/user/ssh/bundle.pub",
      "acme.cluster/user/ssh/current.pub",
      "acme.cluster/user/tls/bundle.pem",
      "acme.cluster/user/tls/current.der",
      "acme.cluster/user/tls/current.pem",
    ]);
    expect(text(artifacts, "acme.cluster/user/tls/bundle.pem")).toBe(made(newTls).certificate);
  });

  it.each(["init", "update_clients", "update_servers", "rollback"] as const)(
    "tell old from new in %s, whichever of them signs",
    (phase) => {
      const artifacts = artifactsFor(authority("db_client", phase));
      const [old, fresh] = [made(oldTls).certificate, made(newTls).certificate];
      expect(text(artifacts, "acme.cluster/db_client/tls/old.pem")).toBe(old);
      expect(text(artifacts, "acme.cluster/db_client/tls/new.pem")).toBe(fresh);
      expect(text(artifacts, "acme.cluster/db_client/tls/bundle.pem")).toBe(old + fresh);
    },
  );

  it("go by the retired key where it is known: Teleport 5 keeps the new one in a rollback from init", () => {
    const rollback = authority("db_client", "rollback");
    const swapped = { ...rollback, active: rollback.trusted, trusted: rollback.active };
    const path = "acme.cluster/db_client/tls/old.pem";
    expect(text(artifactsFor(swapped), path)).toBe(made(newTls).certificate);
    expect(text(artifactsFor(swapped, [made(oldTls).key.fingerprint]), path)).toBe(made(oldTls).certificate);
  });

  it("carry the pins that Teleport would show, the signing key first", () => {
    const [old, fresh] = [made(oldTls).key.fingerprint, made(newTls).key.fingerprint];
    const path = "acme.cluster/host/ca-pins.txt";
    expect(text(artifactsFor(authority("host", "init")), path)).toBe(`${old}\n${fresh}\n`);
    expect(text(artifactsFor(authority("host", "update_clients")), path)).toBe(`${fresh}\n${old}\n`);
    expect(text(artifactsFor(authority("host", "standby")), path)).toBe(`${fresh}\n`);
    expect(paths(artifactsFor(authority("user", "init")))).not.toContain("acme.cluster/user/ca-pins.txt");
  });

  it("are OpenSSH lines as known_hosts and TrustedUserCAKeys want them", () => {
    const line = (key: AuthorityKey | undefined) => made(key).material.split(" ").slice(0, 2).join(" ");
    expect(text(artifactsFor(authority("host", "init")), "acme.cluster/host/ssh/bundle.known_hosts")).toBe(
      `@cert-authority acme.cluster,*.acme.cluster ${line(oldSsh)}\n` +
        `@cert-authority acme.cluster,*.acme.cluster ${line(newSsh)}\n`,
    );
    expect(text(artifactsFor(authority("openssh", "init")), "acme.cluster/openssh/ssh/bundle.pub")).toBe(
      `${line(oldSsh)}\n${line(newSsh)}\n`,
    );
  });

  it("hold keys without a certificate as PEM and DER", () => {
    const artifacts = artifactsFor(authority("jwt", "init"));
    expect(text(artifacts, "acme.cluster/jwt/jwt/bundle.pem")).toBe(
      made(oldJwt).material + made(newJwt).material,
    );
    const der = artifacts.find(({ path }) => path.endsWith("jwt/new.der"))?.bytes;
    expect(createPublicKey({ key: made(der), type: "spki", format: "der" }).asymmetricKeyType).toBe("ec");
  });

  it("are one DER file a key where HSMs hold several", () => {
    const init = authority("db_client", "init");
    const [one, two] = [made(newTls).key, made(secondTls).key];
    const artifacts = artifactsFor({ ...init, trusted: [one, two] });
    for (const key of [one, two]) {
      const name = `acme.cluster/db_client/tls/new-${key.fingerprint.slice(7, 19)}.der`;
      const der = artifacts.find(({ path }) => path === name)?.bytes;
      expect(new X509Certificate(made(der)).toString()).toBe(key.material);
    }
    expect(paths(artifacts)).not.toContain("acme.cluster/db_client/tls/new.der");
  });

  it("are the same bytes whatever the order and the white space of the keys", () => {
    const init = authority("host", "init");
    const shuffled = {
      ...init,
      active: [...init.active].reverse(),
      trusted: init.trusted.map((key) => ({ ...key, material: `\n${key.material}\n\n`, storage: "AWS KMS" })),
    };
    expect(artifactsFor(shuffled)).toEqual(artifactsFor(init));
  });

  it("say in the manifest what each file is", () => {
    const artifacts = artifactsFor(authority("host", "update_clients"));
    const manifest = JSON.parse(text(artifacts, "acme.cluster/host/manifest.json"));
    expect(manifest).toMatchObject({
      format_version: "1.0",
      cluster: "acme.cluster",
      type: "host",
      phase: "update_clients",
      ca_pins: [made(newTls).key.fingerprint, made(oldTls).key.fingerprint],
    });
    expect(manifest.keys.map((key: { role: string; signs: boolean }) => [key.role, key.signs])).toEqual([
      ["old", false],
      ["old", false],
      ["new", true],
      ["new", true],
    ]);
    const others = artifacts.filter(({ path }) => !path.endsWith("manifest.json"));
    expect(manifest.files).toHaveLength(others.length);
    for (const file of manifest.files) {
      const bytes = made(others.find(({ path }) => path === `acme.cluster/host/${file.path}`)).bytes;
      expect(file.size).toBe(bytes.length);
      expect(file.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });

  it("leave no folder that a cluster's name points out of", () => {
    const odd = { ...authority("db", "init"), cluster: "../../etc" };
    expect(paths(artifactsFor(odd)).every((path) => path.startsWith("%2E%2E%2F..%2Fetc/db/"))).toBe(true);
    const dots = { ...authority("db", "init"), cluster: ".." };
    expect(paths(artifactsFor(dots)).every((path) => path.startsWith("%2E%2E/db/"))).toBe(true);
  });

  it("write no line into known_hosts that a cluster's name brings along", () => {
    const odd = { ...authority("host", "init"), cluster: "x\n@cert-authority * ssh-ed25519 AAAA" };
    expect(() => artifactsFor(odd)).toThrow(Failure);
  });

  it.each(["tls", "ssh", "jwt"] as const)("refuse a %s key that cannot be read, and name it", (protocol) => {
    const key: AuthorityKey = { ...made(oldTls).key, protocol, material: "ssh-ed25519 AAAA" };
    expect(() => artifactsFor({ ...authority("db", "init"), active: [key] })).toThrow(
      `the ${protocol} key ${key.fingerprint} cannot be read`,
    );
  });

  it("hold no private half", () => {
    for (const { name } of AUTHORITY_TYPES) {
      for (const { bytes } of artifactsFor(authority(name, "init"))) {
        expect(bytes.toString("latin1")).not.toMatch(/PRIVATE KEY/);
      }
    }
  });

  it("are there for every step of the checklist that names one", () => {
    for (const { name } of AUTHORITY_TYPES) {
      for (const phase of PHASES) {
        const written = paths(artifactsFor(authority(name, phase)));
        for (const step of checklistFor(TELEPORT, name, phase, null)) {
          for (const help of step.helps) {
            if (help.kind === "artifact")
              expect(written, step.id).toContain(`acme.cluster/${name}/${help.path}`);
          }
        }
      }
    }
  });
});

describeWith(["openssl", "ssh-keygen"], "other programs read the artifacts", () => {
  function run(name: string, args: readonly string[], input: Uint8Array | string): string {
    return runRaw(name, args, input).toString("utf8");
  }

  function runRaw(name: string, args: readonly string[], input: Uint8Array | string): Buffer {
    return execFileSync(needExecutable(name, name === "openssl" ? "openssl" : "openssh-client"), args, {
      input,
    });
  }

  it("openssl: PEM and DER, with the pin as the hash of the public key", () => {
    const artifacts = artifactsFor(authority("host", "init"));
    const expected = made(newTls).key.fingerprint;
    for (const [path, format] of [
      ["acme.cluster/host/tls/new.pem", "PEM"],
      ["acme.cluster/host/tls/new.der", "DER"],
    ]) {
      const bytes = made(artifacts.find((artifact) => artifact.path === path)).bytes;
      const publicKey = run("openssl", ["x509", "-inform", made(format), "-noout", "-pubkey"], bytes);
      const der = runRaw("openssl", ["pkey", "-pubin", "-outform", "DER"], publicKey);
      expect(`sha256:${createHash("sha256").update(der).digest("hex")}`).toBe(expected);
    }
  });

  it("openssl: a bundle with both certificates", () => {
    const bundle = join(folder, "bundle.pem");
    writeFileSync(
      bundle,
      text(artifactsFor(authority("db_client", "init")), "acme.cluster/db_client/tls/bundle.pem"),
    );
    for (const certificate of [made(oldTls).certificate, made(newTls).certificate]) {
      const file = join(folder, "one.pem");
      writeFileSync(file, certificate);
      expect(run("openssl", ["verify", "-CAfile", bundle, file], "")).toContain("OK");
    }
  });

  it("ssh-keygen: the same fingerprints as in the manifest", () => {
    const artifacts = artifactsFor(authority("openssh", "init"));
    const manifest = JSON.parse(text(artifacts, "acme.cluster/openssh/manifest.json"));
    const listing = run(
      "ssh-keygen",
      ["-l", "-f", "-"],
      text(artifacts, "acme.cluster/openssh/ssh/bundle.pub"),
    );
    const shown = listing
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[1]);
    expect(shown).toEqual(
      manifest.keys.map((key: { openssh_fingerprint: string }) => key.openssh_fingerprint),
    );
  });

  it("ssh-keygen: finds the CA in known_hosts by a host of the cluster", () => {
    const file = join(folder, "known_hosts");
    writeFileSync(
      file,
      text(artifactsFor(authority("host", "init")), "acme.cluster/host/ssh/bundle.known_hosts"),
    );
    const found = run("ssh-keygen", ["-F", "db-1.acme.cluster", "-f", file], "");
    expect(found.match(/@cert-authority/g)).toHaveLength(2);
  });
});
