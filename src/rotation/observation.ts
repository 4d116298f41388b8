import type { ConsumerKind } from "../resources/model/trust-consumer.ts";
import type { Phase } from "./phase.ts";

/** A process that is connected. Its row may be gone from the listings for minutes while it reloads. */
export interface ConnectedAgent {
  /** As in `LiveComponent.id`. */
  readonly id: string;
  /** What it serves, of the kinds of component that the platform lists. */
  readonly kinds: readonly ComponentKind[];
}

/** A kind of component that can exist there, and that the executable has no listing for. */
export interface UnlistedKind {
  readonly kind: ComponentKind;
  /** A clause for people: what was tried. */
  readonly problem: string;
}

/** What the cluster says about externally signed certificates for its CAs, as it printed it. */
export type LiveOverrides =
  | {
      readonly state: "listed";
      /** `cert_authority_override` resources, one per CA type. */
      readonly documents: readonly unknown[];
      /** The older mechanism for SPIFFE is in use: capstan leaves it alone. */
      readonly spiffeIssuer: boolean;
    }
  /** Too old, or not Enterprise: nothing can be overridden there. `note` is a sentence for people. */
  | { readonly state: "unsupported"; readonly note: string };

/** Facts from outside of the cluster that a rotation of its CAs depends on. */
export interface Surroundings {
  readonly consumers: readonly ConsumerObservation[];
  /** Leafs and roots that the cluster resource names. */
  readonly peers: readonly PeerObservation[];
  /** Files of the repository that list a CA pin of the host CA. */
  readonly pins: readonly PinFile[];
  /** Files and folders that might list one and were not read; absent in observations of older versions. */
  readonly unreadPins?: readonly UnreadPins[];
}

/** A file that may list pins, and was not searched. */
export interface UnreadPins {
  /** Relative to the repository folder. */
  readonly file: string;
  readonly problem: string;
}

/** A file that lists pins of the CA, with their 1-based lines. */
export interface PinFile {
  /** Relative to the repository folder. */
  readonly file: string;
  readonly pins: readonly { readonly fingerprint: Fingerprint; readonly line: number }[];
}

/** What another cluster holds of this one's CAs, as it says itself. */
export interface PeerObservation {
  readonly cluster: string;
  /** Why it could not be asked, or `null`. */
  readonly problem: string | null;
  readonly copies: readonly LiveAuthority[];
}

/** What a probe saw of one trust consumer: by signature and content, never by a marker. */
export interface ConsumerObservation {
  /** CA type that it is a consumer of. */
  readonly authority: string;
  readonly consumer: string;
  readonly kind: ConsumerKind;
  /**
   * Which CA what it shows comes from: `both` where it shows several. `neither` was looked at; `unreachable` did
   * not answer; `unknown` answered, but not what can be judged.
   */
  readonly uses: "old" | "new" | "both" | "neither" | "unreachable" | "unknown";
  readonly trusts: { readonly old: TrustAnswer; readonly new: TrustAnswer };
  /** A sentence or two for people. */
  readonly detail: string;
}

/** With several keys: `yes` when it trusts all of them. */
export type TrustAnswer = "yes" | "no" | "unknown";

/** Versions as executable and server print them: `18.7.0`, `v1.13.9`. */
export interface Versions {
  readonly client: string;
  /** `null` when the server did not say. */
  readonly server: string | null;
}

/** `sha256:` and the hex SHA-256 of the DER SubjectPublicKeyInfo: Teleport's CA pin (reference 4.7). */
export type Fingerprint = `sha256:${string}`;

/** One CA as the platform shows it now. */
export interface LiveAuthority {
  /** API spelling (`db_client`), also for types that capstan does not know. */
  readonly type: string;
  readonly cluster: string;
  /** Keys that may sign. A set: HSM clusters have several. */
  readonly active: readonly AuthorityKey[];
  /** Keys that are trusted but do not sign. */
  readonly trusted: readonly AuthorityKey[];
  readonly rotation: LiveRotation;
}

/** The public half of one key of a CA. */
export interface AuthorityKey {
  readonly protocol: "tls" | "ssh" | "jwt";
  readonly fingerprint: Fingerprint;
  /** For people: `RSA 2048`, `ECDSA P-256`, `Ed25519`. */
  readonly algorithm: string;
  /** Where the private half lives, for people: `software`, `PKCS#11 HSM`, `GCP KMS`, `AWS KMS`. */
  readonly storage: string;
  /** The public half as the platform prints it: PEM certificate, OpenSSH line or PEM public key. */
  readonly material: string;
  /** Only keys that come in a certificate have these. */
  readonly certificate?: CertificateFacts;
}

/** What the certificate of a key says; times are ISO 8601 in UTC, the serial is hexadecimal. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Where a CA is in the phase graph, as the platform says, or as the rim found out where it knows no phases. */
export interface LiveRotation {
  readonly state: "standby" | "in_progress";
  readonly phase: Phase;
  /** `null` when idle. */
  readonly mode: "manual" | "auto" | null;
  readonly currentId: string | null;
  readonly started: string | null;
  /** Set by a rollback too (reference 1.5): never proof that keys changed. */
  readonly lastRotated: string | null;
  readonly gracePeriod: string | null;
  readonly schedule: RotationSchedule | null;
  /** Some machines have taken the next edge and others have not, where capstan moves them itself (Talos). */
  readonly towards?: Phase | null;
}

interface RotationSchedule {
  readonly update_clients: string;
  readonly update_servers: string;
  readonly standby: string;
}

/** The first word of a component's subject, `node`; which there are, the profile says. */
export type ComponentKind = string;

/** One process that holds certificates of the cluster: all rows of one host and kind, folded into one. */
export interface LiveComponent {
  readonly kind: ComponentKind;
  /** The grouping key of reference 3.1: host UUID. */
  readonly id: string;
  /** Host name, for people; need not be unique. */
  readonly name: string;
  /** `null` when the component reports no rotation at all (agentless, Windows desktop service). */
  readonly phase: Phase | null;
  readonly currentId: string | null;
  /**
   * What its row says where that is no phase of anybody's: `""` for an empty rotation, which a cluster that never
   * rotated shows, and for a minute one that follows (recordings/teleport-11.1). `phase` is standby then, for want of
   * another, and nobody follows by it.
   */
  readonly unclear?: string;
  readonly version: string | null;
  /** When the presence row vanishes unless the component announces itself again. */
  readonly expires: string | null;
}

/**
 * Everybody who is listed, in the order of the listings. A list of them will do; of a cluster of a million there are columns
 * (`component-table.ts`), which make a component when it is asked for.
 */
export interface Components extends Iterable<LiveComponent> {
  readonly length: number;
  filter(isWanted: (one: LiveComponent) => boolean): readonly LiveComponent[];
}

/** A leaf as its root lists it. */
export interface RemoteCluster {
  readonly name: string;
  /** Proves nothing, see recordings/README: it says `online` minutes after the last heartbeat. */
  readonly connection: string;
  readonly lastHeartbeat: string | null;
}

/** The identity that capstan itself uses towards the cluster. */
export interface Credentials {
  /** `ambient`: what the executable finds by itself (local auth server, logged-in profile). */
  readonly source: "ambient" | "identity-file";
  readonly path: string | null;
  /** Why the identity could not be read, or `null`. */
  readonly problem: string | null;
  readonly notAfter: string | null;
  /** Absent where nobody looked, as in observations of older versions. */
  readonly notBefore?: string;
  /** SPKI fingerprints of the authorities that the identity trusts. */
  readonly trusts: readonly Fingerprint[];
  /** Keys of the cluster's user CA that signed its certificate; absent when nobody compared. */
  readonly signedBy?: readonly Fingerprint[];
}

/** A listing that could not be read, and why: what depends on it is unknown. */
export interface Unread {
  /** What was asked for: `nodes`, `remote_clusters`. */
  readonly what: string;
  readonly problem: string;
}

/** A never rotated authority, as `spec.rotation` is absent then (recordings/README). */
export const NEVER_ROTATED: LiveRotation = {
  state: "standby",
  phase: "standby",
  mode: null,
  currentId: null,
  started: null,
  lastRotated: null,
  gracePeriod: null,
  schedule: null,
};

/** Whether both hold the same keys, in whatever order and however often. */
export function sameKeys(left: readonly Fingerprint[], right: readonly Fingerprint[]): boolean {
  const known = new Set(right);
  return new Set(left).size === known.size && left.every((key) => known.has(key));
}

/**
 * The fingerprints that identify a set of keys: those of the TLS keys where there are any, else SSH, else JWT.
 * A CA with several protocols rotates all of them together, so one protocol names it.
 */
export function identify(keys: readonly AuthorityKey[]): readonly Fingerprint[] {
  return [...new Set(namingKeys(keys).map(({ fingerprint }) => fingerprint))].sort();
}

/** The keys of the protocol that names a CA. */
export function namingKeys<Key extends { readonly protocol: string | null }>(
  keys: readonly Key[],
): readonly Key[] {
  for (const protocol of ["tls", "ssh", "jwt"]) {
    const found = keys.filter((key) => key.protocol === protocol);
    if (found.length > 0) return found;
  }
  return [];
}
