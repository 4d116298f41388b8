import type { CaKeys } from "../../../src/teleport/overrides/ca-keys.ts";
import type { EntryState } from "../../../src/teleport/overrides/ca-override.ts";
import type { OverrideAction } from "../../../src/teleport/overrides/override-action.ts";
import type { KeyHash } from "../../../src/x509/spki.ts";

/** What the server keeps of an entry, as far as its rules go. */
export interface StoredEntry {
  readonly state: EntryState;
  readonly certificate: string | null;
  readonly chain: readonly string[];
}

export interface Stored {
  readonly keys: CaKeys;
  readonly entries: ReadonlyMap<KeyHash, StoredEntry>;
  /** Keys with a CRL that holds for the entry as it is. */
  readonly crls: ReadonlySet<KeyHash>;
}

/**
 * A small server, after reference 2.5 and 2.6 and independent of the code under test: L1, L2, L5, L6, duplicate
 * and missing entries, and the CRL step over the whole resource, which force does not skip.
 */
export function call(stored: Stored, action: OverrideAction, { force = action.force } = {}): Stored | string {
  const { keys, entries } = stored;
  const { keyHash } = action;
  const before = entries.get(keyHash);
  const known = [...keys.active, ...keys.additional].includes(keyHash);
  const protectedNow = before?.state === "enabled" && keys.active.includes(keyHash) && !force;
  switch (action.call) {
    case "await-crl":
      return stored.crls.has(keyHash) ? stored : `waits for a CRL of ${keyHash} that nobody signs`;
    case "create-override": {
      if (before !== undefined) return "found duplicate override for public key";
      if (!known && !force) return "targets unknown CA certificate";
      const state = action.certificate === null ? "waived" : "staged";
      return write(stored, keyHash, { state, certificate: action.certificate, chain: action.chain });
    }
    case "update-override": {
      if (before === undefined) return "certificate override not found";
      const { set } = action;
      if (Object.keys(set).length === 0) return "one of --set-* or --clear-* flags is required to update";
      const certificate = set.certificate ?? before.certificate;
      const disabled = set.disabled ?? before.state !== "enabled";
      if (!disabled && certificate === null) return "certificate required";
      if (before.state !== "enabled" && !disabled && !known && !force)
        return "targets unknown CA certificate";
      if (disabled && protectedNow) return "Attempt to disable enabled override";
      const state = !disabled ? "enabled" : certificate === null ? "waived" : "staged";
      return write(stored, keyHash, { state, certificate, chain: set.chain ?? before.chain });
    }
    case "delete-override":
      if (before === undefined) return "certificate override not found";
      return protectedNow ? "Attempt to delete enabled override" : write(stored, keyHash, null);
  }
}

function write(stored: Stored, keyHash: KeyHash, entry: StoredEntry | null): Stored | string {
  const entries = new Map(stored.entries);
  const crls = new Set(stored.crls);
  if (entry?.certificate !== stored.entries.get(keyHash)?.certificate) crls.delete(keyHash);
  if (entry === null) entries.delete(keyHash);
  else entries.set(keyHash, entry);
  for (const [hash, { certificate }] of entries) {
    if (certificate === null || crls.has(hash)) continue;
    if (![...stored.keys.active, ...stored.keys.additional].includes(hash)) {
      return "unknown CA certificate, cannot create CRL";
    }
    crls.add(hash);
  }
  return { keys: stored.keys, entries, crls };
}
