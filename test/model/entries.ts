import type { OverrideCall } from "../../src/platforms/platform.ts";
import type { LiveOverrides } from "../../src/rotation/observation.ts";
import { documentWith } from "../teleport/overrides/pki.ts";
import { CLUSTER } from "../world/host-rotation.ts";
import type { EmulatedAuthority } from "./authority.ts";
import type { SigningKey } from "./signing-key.ts";

/** The auth servers sign revocation lists in the background. */
const CRL_AFTER_MS = 15_000;

/** `certificate`: `null` where an entry only says that its key has none. */
interface Entry {
  readonly certificate: string | null;
  readonly chain: readonly string[];
  readonly disabled: boolean;
  readonly since: number;
}

/** The override entries of one CA, and what the server takes and refuses (reference teleport-overrides 2.5, 2.6). */
export class EmulatedEntries {
  readonly type: string;
  readonly #authority: EmulatedAuthority;
  readonly #keys: ReadonlyMap<string, SigningKey>;
  readonly #entries = new Map<string, Entry>();
  #last: { readonly text: string; readonly document: unknown } | null = null;

  constructor(authority: EmulatedAuthority, keys: readonly SigningKey[]) {
    this.type = authority.type;
    this.#authority = authority;
    this.#keys = new Map(keys.map((key) => [key.hash, key]));
  }

  get hashes(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** It is what people meet as soon as its key signs. */
  isEnabled(hash: string): boolean {
    const entry = this.#entries.get(hash);
    return entry !== undefined && entry.certificate !== null && !entry.disabled;
  }

  hasList(hash: string): boolean {
    const entry = this.#entries.get(hash);
    return (
      entry !== undefined &&
      entry.certificate !== null &&
      this.#authority.now >= entry.since + CRL_AFTER_MS &&
      this.#keys.has(hash)
    );
  }

  /** Of a key that signs now. */
  isInForce(hash: string): boolean {
    return this.isEnabled(hash) && this.#authority.active.includes(`sha256:${hash}`);
  }

  /** The same document as long as nothing has changed. */
  shown(): LiveOverrides {
    const documents = this.#entries.size === 0 ? [] : [this.#document()];
    return { state: "listed", documents, spiffeIssuer: false };
  }

  #document(): unknown {
    const entries = [...this.#entries].map(([hash, { certificate, chain, disabled }]) =>
      certificate === null ? { public_key: hash, disabled } : { certificate, chain, disabled },
    );
    const lists = this.hashes
      .filter((hash) => this.hasList(hash))
      .map((hash) => [hash, { pem: this.#keys.get(hash)?.crl }]);
    const status = { public_key_hash_to_crl: Object.fromEntries(lists) };
    const document = documentWith(entries, { metadata: { name: CLUSTER }, status });
    const text = JSON.stringify(document);
    const known = this.#last?.text === text ? this.#last : { text, document };
    this.#last = known;
    return known.document;
  }

  /** Whoever asks: what the server says when it refuses, else `null`. */
  change({ keyHash, force, change }: Pick<OverrideCall, "keyHash" | "force" | "change">): string | null {
    const before = this.#entries.get(keyHash);
    const isKnown = this.#authority.accepted.includes(`sha256:${keyHash}`);
    const since = this.#authority.now;
    const unknown = `certificate override "${keyHash}" targets unknown CA certificate`;
    switch (change.call) {
      case "create-override":
        if (before !== undefined) return `override "${keyHash}" already exists`;
        if (!isKnown) return unknown;
        this.#entries.set(keyHash, { ...change, disabled: true, since });
        return null;
      case "update-override": {
        if (before === undefined) return `override "${keyHash}" not found`;
        const { certificate = before.certificate, chain = before.chain, disabled = before.disabled } = change;
        if (!isKnown && before.disabled && !disabled && !force) return unknown;
        if (this.isInForce(keyHash) && disabled && !force)
          return `Attempt to disable enabled override "${keyHash}" of active certificate denied`;
        const isNew = certificate !== before.certificate;
        this.#entries.set(keyHash, { certificate, chain, disabled, since: isNew ? since : before.since });
        return null;
      }
      case "delete-override":
        if (before === undefined) return `override "${keyHash}" not found`;
        if (this.isInForce(keyHash) && !force)
          return `Attempt to delete enabled override "${keyHash}" of active certificate denied`;
        this.#entries.delete(keyHash);
        return null;
    }
  }
}
