import { X509Certificate } from "node:crypto";
import { Failure } from "../../failure.ts";
import { openNextKey } from "../../sealing/next-key.ts";
import { seal, unseal } from "../../sealing/seal.ts";
import type { TalosType } from "../../talos/authority-types.ts";
import type { TalosKeys } from "../../talos/kept-keys.ts";
import { keptKeys, withKeptKeys } from "../../talos/kept-keys.ts";
import type { KnownRotation } from "../../talos/rotation-keys.ts";
import { writtenDate } from "../../written-date.ts";
import type { CaCertificate } from "../../x509/ca-certificate.ts";
import { isKeyOf } from "../../x509/private-key.ts";
import type { RotationMemory } from "../platform.ts";

/** The key of the CA to come, from git. `null` when git no longer declares it. */
export async function nextKey(
  { declared }: KnownRotation,
  around: RotationMemory,
  type: TalosType,
): Promise<string | null> {
  if (declared?.next === undefined) return null;
  return await openNextKey(await around.identities(), declared.next, type);
}

/** The key of the CA that retires, from the record. `null` when it is not kept there. */
export async function oldKey({ kept }: KnownRotation, around: RotationMemory): Promise<string | null> {
  if (kept === null || kept.old_key === "") return null;
  const key = await unseal(await around.identities(), kept.old_key, `the old key of ${kept.authority}`);
  if (isKeyOf(key, kept.old_certificate)) return key;
  throw new Failure(
    "storage",
    `the old key of ${kept.authority} in the record is not that of its certificate`,
    {
      hint: "restore the record from a backup before anything is swapped",
    },
  );
}

/** Where the keys of a rotation are missing, as sentences; `null`: they are at hand. */
export async function custodyProblems(
  type: TalosType,
  known: KnownRotation,
  around: RotationMemory,
  recipients: readonly string[],
): Promise<{ readonly next: string | null; readonly old: string | null }> {
  return {
    next: await problemOf(async () => {
      if (known.declared?.next === undefined) return "git does not name the CA to come (`next`)";
      const unfit = unfitFor(known, around.now());
      if (unfit !== null) return unfit;
      await nextKey(known, around, type);
      return null;
    }),
    old: await problemOf(async () => {
      if (recipients.length === 0) return "spec.talos.recipients is empty, so the old key could not be saved";
      if (known.kept !== null) await oldKey(known, around);
      return null;
    }),
  };
}

async function problemOf(look: () => Promise<string | null>): Promise<string | null> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

/** Nodes do not look at legacy fields when they are applied: a CA that cannot work is refused here (reference 7). */
function unfitFor({ next, keys }: KnownRotation, now: Date): string | null {
  if (next === null) return "git does not name the CA to come (`next`)";
  const certificate = new X509Certificate(next.pem);
  if (next.fingerprint === keys.old) return "the CA to come is the one that is retired";
  if (!certificate.ca) return "the certificate to come is not one of a CA";
  if (certificate.validFromDate > now)
    return `the CA to come is valid only from ${writtenDate(certificate.validFromDate.toISOString())}`;
  if (certificate.validToDate <= now)
    return `the CA to come ran out on ${writtenDate(certificate.validToDate.toISOString())}`;
  return null;
}

/** Workers ask for certificates with the algorithm of the CA that they know (reference talos-rotation 5.1). */
export function sameAlgorithm(left: CaCertificate, right: CaCertificate): boolean {
  const [one, two] = [left, right].map(({ pem }) => new X509Certificate(pem).publicKey.asymmetricKeyType);
  return one === two;
}

/**
 * Seals the old key and saves it, and believes it only when it was read back and opened: the swap deletes it from the
 * cluster (reference 2.4).
 */
export async function keepOldKey(
  cluster: string,
  entry: Omit<TalosKeys, "old_key" | "sealed_at">,
  key: string,
  around: RotationMemory,
  recipients: readonly string[],
): Promise<TalosKeys> {
  if (recipients.length === 0) {
    throw new Failure(
      "resources",
      `the old key of ${entry.authority} cannot be saved: spec.talos.recipients is empty`,
      {
        hint: "name the age recipients that may open it; without the key there is no way back",
      },
    );
  }
  if (!isKeyOf(key, entry.old_certificate)) {
    throw new Failure("refused", `the key on the control planes is not that of the ${entry.authority} CA`, {
      hint: "find out who changed the machine configuration; certificates can no longer be issued with it",
    });
  }
  const old_key = await seal(recipients, key);
  const kept: TalosKeys = { ...entry, old_key, sealed_at: around.now().toISOString() };
  await saveKeys(cluster, kept, around);
  const found = keptKeys(await around.record.load(cluster)).find(
    ({ authority, old_key: sealed }) => authority === entry.authority && sealed === old_key,
  );
  const opened =
    found === undefined
      ? null
      : await unseal(await around.identities(), found.old_key, `the old key of ${entry.authority}`);
  if (opened === key) return kept;
  throw new Failure("storage", `the old key of ${entry.authority} was saved, and cannot be read back`, {
    hint: "nothing was changed on the cluster; check the record and the recipients",
  });
}

/** One entry per CA: with the start of the next rotation the key before last goes. */
export async function saveKeys(cluster: string, keys: TalosKeys, around: RotationMemory): Promise<void> {
  const record = await around.record.load(cluster);
  const others = keptKeys(record).filter(({ authority }) => authority !== keys.authority);
  await around.record.save(withKeptKeys(record, [...others, keys]));
}
