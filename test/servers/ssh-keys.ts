import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuthorityKey } from "../../src/rotation/observation.ts";
import { needExecutable } from "./executables.ts";

/** SSH keys and certificates for tests, made by `ssh-keygen`. */
export interface SshAuthority {
  /** Path of the private half. */
  readonly path: string;
  /** `ssh-ed25519 AAAA... comment` */
  readonly line: string;
  readonly key: AuthorityKey;
}

export function makeSshKey(folder: string, name: string, type = "ed25519"): SshAuthority {
  const path = join(folder, name);
  execFileSync(needExecutable("ssh-keygen", "openssh-client"), [
    "-q",
    "-t",
    type,
    "-N",
    "",
    "-C",
    `${name}@test`,
    "-f",
    path,
  ]);
  const line = readFileSync(`${path}.pub`, "utf8").trim();
  // Not the SubjectPublicKeyInfo, but as unique: nothing in the tests looks inside.
  const hash = createHash("sha256").update(line).digest("hex");
  return {
    path,
    line,
    key: {
      protocol: "ssh",
      fingerprint: `sha256:${hash}`,
      algorithm: type,
      storage: "software",
      material: line,
    },
  };
}

/** Signs `<path>.pub` and gives the certificate's line; the file is `<path>-cert.pub`. */
export function signSshKey(
  authority: SshAuthority,
  path: string,
  options: { readonly user?: boolean; readonly validity?: string; readonly algorithm?: string } = {},
): string {
  execFileSync(needExecutable("ssh-keygen", "openssh-client"), [
    "-q",
    "-s",
    authority.path,
    "-I",
    "db-1.acme.cluster",
    ...(options.user === true ? [] : ["-h"]),
    "-n",
    "localhost,127.0.0.1",
    "-V",
    options.validity ?? "-1d:+52w",
    ...(options.algorithm === undefined ? [] : ["-t", options.algorithm]),
    `${path}.pub`,
  ]);
  return readFileSync(`${path}-cert.pub`, "utf8").trim();
}

/** A public key alone, made without `ssh-keygen`. */
export function makeSshLine(comment: string): AuthorityKey {
  const { publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const text = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([text(Buffer.from("ssh-ed25519")), text(raw)]);
  const spki = publicKey.export({ type: "spki", format: "der" });
  return {
    protocol: "ssh",
    fingerprint: `sha256:${createHash("sha256").update(spki).digest("hex")}`,
    algorithm: "Ed25519",
    storage: "software",
    material: `ssh-ed25519 ${blob.toString("base64")} ${comment}`,
  };
}
