import "reflect-metadata";
import { randomUUID } from "node:crypto";
import { SubjectKeyIdentifierExtension, X509Certificate } from "@peculiar/x509";
import { between, type Clock, type Random } from "../clock.ts";
import type { Authority } from "./authority-store.ts";
import {
  type HeldKey,
  hashOf,
  requestFor,
  type SignedRequest,
  signCrl,
  stillHolds,
} from "./override-keys.ts";
import {
  checkEntries,
  OverrideRefusal,
  overrideKeyHash,
  type StoredEntry,
  type SubmittedEntry,
  strictCertificate,
} from "./override-rules.ts";
import type { OverrideSupport } from "./release.ts";

/** One stored version of a CA's override. */
export interface StoredOverride {
  readonly type: string;
  readonly entries: readonly StoredEntry[];
  /** PEM, by key hash: what the server signs for every entry with a certificate. */
  readonly crls: ReadonlyMap<string, string>;
  readonly revision: string;
}

export interface OverrideWorld {
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly speed: number;
  readonly support: OverrideSupport;
  authority(type: string): Authority | undefined;
  /** Whether an auth server could sign with keys of its own now, by its number. */
  isWorking(server: number): boolean;
}

/** What came of asking for certificate requests. */
export interface Requested {
  readonly requests: readonly SignedRequest[];
  readonly warnings: readonly string[];
}

/** How an entry is changed; what is left out stays. */
export interface EntryUpdate {
  readonly certificate?: string;
  readonly chain?: readonly string[];
  readonly disabled?: boolean;
}

const OVERRIDABLE = ["db_client", "windows"];

/** How long the auth server's cache may lag behind a write, cluster time. */
const CACHE_LAG_MS = { from: 150, to: 2500 };

/** The auth server that answers `tctl`. */
const ASKED = 0;

/** How long it waits for the others to sign a certificate request (teleport-overrides 3.2), cluster time. */
const REMOTE_SIGNING_MS = 5 * 60_000;

/**
 * The auth server's side of certificate authority overrides (reference teleport-overrides 2 and 3): what it checks,
 * what force skips, and the revocation list step, which force does not skip. Reads go through a cache that lags.
 */
export class OverrideServer {
  readonly #world: OverrideWorld;
  readonly #versions = new Map<string, { readonly stored: StoredOverride | null; readonly from: number }[]>();
  #writes: Promise<unknown> = Promise.resolve();

  constructor(world: OverrideWorld) {
    this.#world = world;
  }

  /** The cache's view, by CA type. */
  list(): readonly StoredOverride[] {
    const now = this.#world.clock.now();
    return [...this.#versions.values()].flatMap((versions) => {
      const stored = versions.findLast(({ from }) => from <= now)?.stored ?? null;
      return stored === null ? [] : [stored];
    });
  }

  /** The backend's view. */
  current(type: string): StoredOverride | null {
    return this.#versions.get(type)?.at(-1)?.stored ?? null;
  }

  /** The entry that issuance uses for a key, as the cache shows it; `null` for the CA's own certificate. */
  inForce(type: string, keyHash: string): StoredEntry | null {
    const stored = this.list().find((one) => one.type === type);
    return stored?.entries.find((entry) => entry.keyHash === keyHash && !entry.disabled) ?? null;
  }

  /** `tctl create`, with `-f` an upsert that also forces (#66334). */
  create(type: string, name: string, submitted: readonly SubmittedEntry[], force: boolean): Promise<void> {
    return this.#inTurn(async () => {
      await this.#check(type, name, submitted);
      if (!force && this.current(type) !== null) {
        throw new OverrideRefusal(`cert_authority_override "${type}/${name}" already exists`);
      }
      await this.#write(type, submitted, force);
    });
  }

  add(
    type: string,
    certificate: string,
    chain: readonly string[],
    how: { readonly disabled: boolean; readonly force: boolean },
  ): Promise<string> {
    return this.#inTurn(async () => {
      const keyHash = overrideKeyHash(strictCertificate(certificate, "parse certificate"));
      const added = { public_key: keyHash, certificate, chain, disabled: how.disabled };
      const submitted = [...(this.current(type)?.entries ?? []).map(submittedEntry), added];
      await this.#check(type, this.#world.cluster, submitted);
      await this.#write(type, submitted, how.force);
      return keyHash;
    });
  }

  update(type: string, keyHash: string, update: EntryUpdate, force: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const entries = this.#existing(type, keyHash);
      const submitted = entries.map((entry) =>
        entry.keyHash === keyHash ? { ...submittedEntry(entry), ...update } : submittedEntry(entry),
      );
      await this.#check(type, this.#world.cluster, submitted);
      await this.#write(type, submitted, force);
    });
  }

  remove(type: string, keyHash: string, force: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const rest = this.#existing(type, keyHash).filter((entry) => entry.keyHash !== keyHash);
      // The last entry takes the resource along.
      if (rest.length === 0) return this.#delete(type, force);
      await this.#check(type, this.#world.cluster, rest.map(submittedEntry));
      await this.#write(type, rest.map(submittedEntry), force);
    });
  }

  /** `tctl rm`: there is no way to force it. */
  delete(type: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.current(type) === null)
        throw new OverrideRefusal(`cert_authority_override "${type}" not found`);
      this.#delete(type, false);
    });
  }

  /** `tctl edit`: all of it anew, if nobody wrote since it was read. Nothing forces it. */
  replace(
    type: string,
    name: string,
    submitted: readonly SubmittedEntry[],
    revision: string | undefined,
  ): Promise<void> {
    return this.#inTurn(async () => {
      await this.#check(type, name, submitted);
      const stored = this.current(type);
      if (stored === null) throw new OverrideRefusal(`cert_authority_override "${type}" not found`);
      if (stored.revision !== revision) {
        throw new OverrideRefusal(
          "resource revision does not match, it may have been concurrently created|modified|deleted; please work from the latest state, or use --force to overwrite",
        );
      }
      await this.#write(type, submitted, false);
    });
  }

  /**
   * One request per key, active ones first; for one key only, when it is named. Keys of other auth servers are asked
   * for there, in releases that do so; a partial answer is a success (teleport-overrides 3.2).
   */
  async requests(type: string, keyHash: string | null, localOnly: boolean): Promise<Requested> {
    const { active, additional } = this.#keys(type);
    const keys = [...active, ...additional].filter((key) => keyHash === null || hashOf(key) === keyHash);
    if (keys.length === 0)
      throw new OverrideRefusal(`public_key_hash "${keyHash}" matches no CA certificates`);
    const lacking = await Promise.all(keys.map((key) => this.#whyNoRequest(key, localOnly)));
    const usable = keys.filter((_, index) => lacking[index] === null);
    if (usable.length === 0 && this.#world.support === "resources") {
      throw new OverrideRefusal(
        keyHash === null
          ? "cannot create CSRs for certificate authority, Auth lacks access to private keys"
          : "create signer: key is not accessible by this Auth server",
      );
    }
    const warnings = keys.flatMap((key, index) => {
      const reason = lacking[index] ?? null;
      return reason === null || reason === "" ? [] : [`public key "${hashOf(key)}": ${reason}`];
    });
    return { requests: await Promise.all(usable.map(requestFor)), warnings };
  }

  /** `null`: a request can be made; an empty reason is one that the release keeps to itself. */
  async #whyNoRequest({ holder }: HeldKey, localOnly: boolean): Promise<string | null> {
    const { clock, speed, support } = this.#world;
    if (!isElsewhere(holder)) return null;
    if (support === "resources") return "";
    if (localOnly) return "private key inaccessible for this Auth server instance";
    if (this.#world.isWorking(holder)) return null;
    await new Promise<void>((resolve) => void clock.after(REMOTE_SIGNING_MS / speed, resolve));
    return this.#world.isWorking(holder) ? null : "remote signing request not fulfilled before timeout";
  }

  /**
   * What an auth server does in the background for entries whose key it holds: their revocation lists. Each is a
   * write, and the revision moves without anybody's doing (teleport-overrides 2.6).
   */
  async signMissing(server: number): Promise<void> {
    if (this.#world.support !== "entries") return;
    for (const type of this.#versions.keys()) await this.#inTurn(() => this.#signMissingOf(type, server));
  }

  async #signMissingOf(type: string, server: number): Promise<void> {
    const stored = this.current(type);
    if (stored === null) return;
    const { active, additional } = this.#keys(type);
    const crls = new Map(stored.crls);
    for (const { keyHash, certificate } of stored.entries) {
      const key = [...active, ...additional].find((one) => hashOf(one) === keyHash);
      if (certificate === null || crls.has(keyHash) || key?.holder !== server) continue;
      crls.set(
        keyHash,
        await signCrl(key, strictCertificate(certificate, "certificate"), this.#world.clock.now()),
      );
    }
    if (crls.size > stored.crls.size) this.#store(type, { ...stored, crls, revision: randomUUID() });
  }

  #existing(type: string, keyHash: string): readonly StoredEntry[] {
    const stored = this.current(type);
    if (stored === null) throw new OverrideRefusal(`cert_authority_override "${type}" not found`);
    if (!stored.entries.some((entry) => entry.keyHash === keyHash)) {
      throw new OverrideRefusal(`certificate override not found: "${keyHash}"`);
    }
    return stored.entries;
  }

  /** Structure of the whole resource, then its name (reference 2.1). */
  async #check(type: string, name: string, submitted: readonly SubmittedEntry[]): Promise<void> {
    if (!OVERRIDABLE.includes(type)) {
      throw new OverrideRefusal(`invalid or unsupported sub_kind/caType: "${type}"`);
    }
    await checkEntries(submitted, name);
    if (name !== this.#world.cluster) {
      throw new OverrideRefusal(
        `invalid metadata.name/clusterName: "${name}", only "${this.#world.cluster}" is allowed`,
      );
    }
  }

  async #write(type: string, submitted: readonly SubmittedEntry[], force: boolean): Promise<void> {
    const entries = await checkEntries(submitted, this.#world.cluster);
    if (!force) this.#checkLive(type, entries);
    const crls = new Map<string, string>();
    for (const entry of entries) {
      if (entry.certificate === null) continue;
      const crl = await this.#crl(type, entry, entry.certificate);
      if (crl !== null) crls.set(entry.keyHash, crl);
    }
    this.#store(type, { type, entries, crls, revision: randomUUID() });
  }

  #delete(type: string, force: boolean): void {
    if (!force) this.#checkLive(type, []);
    this.#store(type, null);
  }

  /** L1 to L6 (reference 2.5): what force skips. */
  #checkLive(type: string, entries: readonly StoredEntry[]): void {
    const { active, additional } = this.#keys(type);
    const before = new Map((this.current(type)?.entries ?? []).map((entry) => [entry.keyHash, entry]));
    for (const { keyHash, certificate, disabled } of entries) {
      const key = [...active, ...additional].find((one) => hashOf(one) === keyHash);
      const existing = before.get(keyHash);
      if (key === undefined && (existing === undefined || (existing.disabled && !disabled))) {
        throw new OverrideRefusal(`certificate override "${keyHash}" targets unknown CA certificate`);
      }
      if (key !== undefined && certificate !== null) {
        const end = strictCertificate(certificate, "certificate").notAfter;
        const bound = new X509Certificate(key.tls.certificate).notAfter;
        if (end > bound) {
          throw new OverrideRefusal(
            `certificate override "${keyHash}" expires after self-signed CA certificate, that is not allowed: ${end.toISOString()} > ${bound.toISOString()}`,
          );
        }
      }
    }
    for (const { keyHash, disabled } of before.values()) {
      const after = entries.find((entry) => entry.keyHash === keyHash);
      if (disabled || !active.some((key) => hashOf(key) === keyHash)) continue;
      if (after === undefined) {
        throw new OverrideRefusal(
          `Attempt to delete enabled override "${keyHash}" of active certificate denied. Disable the override or retry with --force if you are certain.`,
        );
      }
      if (after.disabled) {
        throw new OverrideRefusal(
          `Attempt to disable enabled override "${keyHash}" of active certificate denied. Retry with --force if you are certain.`,
        );
      }
    }
  }

  /**
   * The stored list where it still holds, else a new one, which needs the key (reference 2.6); `null` when another
   * auth server has to sign it later.
   */
  async #crl(type: string, { keyHash, disabled }: StoredEntry, pem: string): Promise<string | null> {
    const certificate = strictCertificate(pem, "certificate");
    const now = this.#world.clock.now();
    const stored = this.current(type)?.crls.get(keyHash);
    if (stored !== undefined && (await stillHolds(stored, certificate, now))) return stored;
    const { active, additional } = this.#keys(type);
    const key = [...active, ...additional].find((one) => hashOf(one) === keyHash);
    if (key === undefined) {
      throw new OverrideRefusal(`unknown CA certificate "${keyHash}", cannot create CRL`);
    }
    if (certificate.getExtension(SubjectKeyIdentifierExtension) === null) {
      throw new OverrideRefusal(
        `create CRL for override "${keyHash}": x509: issuer certificate doesn't contain a subject key identifier`,
      );
    }
    if (isElsewhere(key.holder)) {
      if (this.#world.support === "resources") {
        throw new OverrideRefusal(
          `Auth server cannot sign for certificate "${keyHash}", please connect to the appropriate Auth server to create this override`,
        );
      }
      if (disabled) return null;
      throw new OverrideRefusal(
        `Auth server cannot sign CRL for enabled override "${keyHash}", either create the override disabled so the CRLs can be signed in the background or connect directly to the appropriate Auth server`,
      );
    }
    return await signCrl(key, certificate, now);
  }

  #keys(type: string): { readonly active: readonly HeldKey[]; readonly additional: readonly HeldKey[] } {
    const authority = this.#world.authority(type);
    if (!OVERRIDABLE.includes(type) || authority === undefined) {
      throw new OverrideRefusal(`ca_type not allowed: "${type}" (must be one of ${OVERRIDABLE.join(", ")})`);
    }
    const held = (keys: Authority["active"]) =>
      keys.flatMap(({ tls, holder }) => (tls === null ? [] : [{ tls, holder }]));
    return { active: held(authority.active), additional: held(authority.trusted) };
  }

  #store(type: string, stored: StoredOverride | null): void {
    const { clock, random, speed } = this.#world;
    const versions = this.#versions.get(type) ?? [];
    const lag = between(random, CACHE_LAG_MS.from, CACHE_LAG_MS.to) / speed;
    versions.push({ stored, from: Math.max(clock.now() + lag, versions.at(-1)?.from ?? 0) });
    this.#versions.set(type, versions);
  }

  /** Writes are handled one after the other. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#writes.then(work);
    this.#writes = turn.catch(() => {});
    return turn;
  }
}

function isElsewhere(holder: HeldKey["holder"]): holder is number {
  return holder !== null && holder !== ASKED;
}

export function submittedEntry({ keyHash, certificate, chain, disabled }: StoredEntry): SubmittedEntry {
  return {
    public_key: keyHash,
    ...(certificate === null ? {} : { certificate }),
    ...(chain.length === 0 ? {} : { chain }),
    ...(disabled ? { disabled } : {}),
  };
}
