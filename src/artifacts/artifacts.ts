import { Failure } from "../failure.ts";
import { keysByRole } from "../rotation/key-sets.ts";
import type { AuthorityKey, Fingerprint, LiveAuthority } from "../rotation/observation.ts";
import { type KeyMaterial, readMaterial, sha256 } from "./material.ts";

/** A file for systems outside the cluster. Writing it is the command's business. */
export interface Artifact {
  /** Relative, with `/`: `acme.cluster/db_client/tls/bundle.pem`. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** `old` and `new` while a rotation is in progress, `current` and `trusted` (HSM, reference 1.9) otherwise. */
type Role = "old" | "new" | "current" | "trusted";

interface RoleKey extends KeyMaterial {
  readonly role: Role;
  /** Whether Teleport signs with it now. */
  readonly signs: boolean;
}

interface File {
  /** Relative to the folder of the authority. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly keys: readonly RoleKey[];
}

/**
 * What everything outside the cluster needs of an authority in the phase it is in, from its key sets, since
 * `tctl auth export` leaves the new CA out on most versions (reference 2.3). Below `<cluster>/<type>/`:
 *
 *     tls/old.pem  tls/new.pem  tls/bundle.pem      and the same as .der, one certificate a file
 *     ssh/old.pub  ssh/new.pub  ssh/bundle.pub      .known_hosts for the host CA
 *     jwt/old.pem  jwt/new.pem  jwt/bundle.pem      and the same as .der
 *     ca-pins.txt (host)  manifest.json
 *
 * `bundle.*` is there in every phase and holds all that must be trusted now: what is deployed from it need not
 * know the phase. At standby `current.*` takes the place of `old.*` and `new.*`. Same keys, same bytes.
 *
 * `retired` are the keys that the rotation retires, where known. Without them the phase tells which set is the
 * old one, which is wrong after a rollback from init of Teleport 5 (recordings: it keeps the new key).
 */
export function artifactsFor(
  authority: LiveAuthority,
  retired: readonly Fingerprint[] = [],
): readonly Artifact[] {
  const keys = readKeys(authority, retired);
  const files = [
    ...pemAndDer("tls", keys),
    ...sshFiles(keys, authority),
    ...pemAndDer("jwt", keys),
    ...pinFile(keys, authority),
  ];
  const folder = `${segment(authority.cluster)}/${segment(authority.type)}`;
  return [...files, manifest(authority, keys, files)]
    .map(({ path, bytes }) => ({ path: `${folder}/${path}`, bytes }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `.`, `..` and separators must not come out of a name that a cluster chose. */
function segment(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(/^\.+/, (dots) => "%2E".repeat(dots.length));
}

/** In the order old, new (or current, trusted), then by protocol and fingerprint. */
function readKeys(authority: LiveAuthority, retired: readonly Fingerprint[]): readonly RoleKey[] {
  const { active, trusted, rotation } = authority;
  const read = (keys: readonly AuthorityKey[], role: Role): RoleKey[] =>
    [...keys]
      .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
      .map((key) => ({ ...readMaterial(key), role, signs: keys === active }));
  if (rotation.phase === "standby") return [...read(active, "current"), ...read(trusted, "trusted")];
  const roles = keysByRole(authority, retired);
  return [...read(roles.old, "old"), ...read(roles.new, "new")];
}

function sortKey(key: AuthorityKey): string {
  return `${key.protocol} ${key.fingerprint}`;
}

function pemAndDer(protocol: "tls" | "jwt", all: readonly RoleKey[]): readonly File[] {
  return groups(protocol, all).flatMap(({ name, keys }) => [
    { path: `${protocol}/${name}.pem`, bytes: Buffer.from(keys.map((key) => key.pem ?? "").join("")), keys },
    // DER holds one certificate: several keys (HSM) are several files, and a bundle has none.
    ...(name === "bundle" ? [] : keys).map((key) => ({
      path: `${protocol}/${keys.length === 1 ? name : `${name}-${shortName(key)}`}.der`,
      bytes: key.der ?? Buffer.alloc(0),
      keys: [key],
    })),
  ]);
}

function sshFiles(all: readonly RoleKey[], authority: LiveAuthority): readonly File[] {
  const isHost = authority.type === "host";
  return groups("ssh", all).map(({ name, keys }) => ({
    path: `ssh/${name}.${isHost ? "known_hosts" : "pub"}`,
    bytes: Buffer.from(keys.map((key) => `${isHost ? certAuthority(authority) : ""}${key.line}\n`).join("")),
    keys,
  }));
}

/** The patterns that Teleport itself writes: certificates of nodes carry `<name>.<cluster>`. */
function certAuthority({ cluster }: LiveAuthority): string {
  if (!/^[\w.-]+$/.test(cluster)) {
    throw new Failure(
      "resources",
      `cluster name ${JSON.stringify(cluster)} cannot stand in a known_hosts file`,
    );
  }
  return `@cert-authority ${cluster},*.${cluster} `;
}

function groups(protocol: AuthorityKey["protocol"], all: readonly RoleKey[]) {
  const keys = all.filter((key) => key.protocol === protocol);
  return [
    ...(["old", "new", "current"] as const).map((name) => ({
      name,
      keys: keys.filter((key) => key.role === name),
    })),
    { name: "bundle" as const, keys },
  ].filter((group) => group.keys.length > 0);
}

function shortName(key: RoleKey): string {
  return key.fingerprint.slice("sha256:".length, "sha256:".length + 12);
}

/** Pins are of host certificates only (reference 4.7), the signing ones first, as `tctl status` prints them. */
function pinFile(all: readonly RoleKey[], { type }: LiveAuthority): readonly File[] {
  const keys = type === "host" ? pinned(all) : [];
  if (keys.length === 0) return [];
  return [{ path: "ca-pins.txt", bytes: Buffer.from(`${pins(keys).join("\n")}\n`), keys }];
}

function pinned(all: readonly RoleKey[]): readonly RoleKey[] {
  const keys = all.filter((key) => key.protocol === "tls");
  return [...keys.filter((key) => key.signs), ...keys.filter((key) => !key.signs)];
}

function pins(keys: readonly RoleKey[]): readonly Fingerprint[] {
  return [...new Set(keys.flatMap((key) => (key.pin === null ? [] : [key.pin])))];
}

/** Says what each file is; without a time in it, so that it changes only when the keys or the phase do. */
function manifest(authority: LiveAuthority, keys: readonly RoleKey[], files: readonly File[]): File {
  const content = {
    format_version: "1.0",
    cluster: authority.cluster,
    type: authority.type,
    phase: authority.rotation.phase,
    rotation_id: authority.rotation.currentId,
    ca_pins: authority.type === "host" ? pins(pinned(keys)) : [],
    keys: keys.map((key) => ({
      role: key.role,
      signs: key.signs,
      protocol: key.protocol,
      fingerprint: key.fingerprint,
      ...(key.opensshFingerprint === null ? {} : { openssh_fingerprint: key.opensshFingerprint }),
      ...(key.certificate === null
        ? {}
        : { subject: key.certificate.subject, not_after: key.certificate.notAfter }),
    })),
    files: [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((file) => ({
        path: file.path,
        sha256: sha256(file.bytes).toString("hex"),
        size: file.bytes.length,
        keys: file.keys.map((key) => key.fingerprint),
      })),
  };
  return { path: "manifest.json", bytes: Buffer.from(`${JSON.stringify(content, null, 2)}\n`), keys };
}
