import { X509Certificate } from "node:crypto";
import { Failure } from "../../failure.ts";
import { type Fields, fieldsOf, listOf, textOf } from "../../foreign-value.ts";
import { certificateFingerprint } from "../../x509/authority-key.ts";
import { keyHashOf } from "../../x509/spki.ts";
import type { OverrideCall } from "../platform.ts";

/**
 * The whole resource as it should be after one call about one entry, for a tctl that can only create and edit
 * whole resources. Everything else in it stays as it was observed, its revision and revocation lists included.
 */
export async function editedResource(
  cluster: string,
  { authority, keyHash, change, observed }: OverrideCall,
): Promise<unknown> {
  const before = observed === null ? emptyResource(cluster, authority) : fieldsOf(observed);
  const spec = fieldsOf(before["spec"]);
  const entries = listOf(spec["certificate_overrides"]).map(fieldsOf);
  const put = (edited: readonly unknown[]) => ({
    ...before,
    spec: { ...spec, certificate_overrides: edited },
  });
  if (change.call === "create-override") {
    const { certificate, chain } = change;
    const added = {
      public_key: keyHash,
      ...(certificate === null ? {} : { certificate }),
      ...(chain.length === 0 ? {} : { chain }),
      disabled: true,
    };
    return put([...entries, added]);
  }
  const hashes = await Promise.all(entries.map(keyHashIn));
  const index = hashes.indexOf(keyHash);
  if (index < 0) {
    throw new Failure("refused", `The override of ${authority} has no entry for the key ${keyHash}.`, {
      hint: "plan again: somebody else removed it",
    });
  }
  if (change.call === "delete-override") return put(entries.toSpliced(index, 1));
  const { call: _, ...fields } = change;
  return put(entries.with(index, { ...entries[index], ...fields }));
}

function emptyResource(cluster: string, authority: string): Fields {
  return {
    kind: "cert_authority_override",
    sub_kind: authority,
    version: "v1",
    metadata: { name: cluster },
    spec: {},
  };
}

/** An entry with a certificate need not name its key (reference 2.3). */
async function keyHashIn(entry: Fields): Promise<string> {
  const certificate = textOf(entry["certificate"]);
  if (certificate === "") return textOf(entry["public_key"]).toLowerCase();
  return keyHashOf(await certificateFingerprint(new X509Certificate(certificate)));
}
