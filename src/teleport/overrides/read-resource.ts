import { type Fields, isFields, textOf } from "../../foreign-value.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { RevocationList } from "../../x509/revocation-list.ts";
import type { KeyHash } from "../../x509/spki.ts";
import { type CaOverride, emptyOverride, type OverrideEntry } from "./ca-override.ts";
import { problemOfFlaw } from "./certificate-flaws.ts";
import { chainFindings, contentFindings, MAX_CHAIN } from "./content-rules.ts";
import { quoted, readEnvelope, unknownFields } from "./envelope.ts";
import { guessKeyHash, normaliseKeyHash } from "./key-hash.ts";
import type { OverrideFinding } from "./override-finding.ts";
import { readCertificatePem } from "./strict-pem.ts";

type Decoding = typeof import("../../x509/decode.ts");

/**
 * Reads a resource as YAML or JSON gave it, and finds everything in it that does not depend on time or on the
 * live cluster, in the order in which the server would refuse it (reference 2.2 to 2.4). Asynchronous for one
 * reason: the X.509 code is loaded when there is an entry to read, and never before.
 */
export async function readOverride(document: unknown): Promise<CaOverride> {
  if (typeof document !== "object" || document === null) return await understood(document);
  const known = READ.get(document) ?? understood(document);
  READ.set(document, known);
  return await known;
}

/** One run plans from the same resource dozens of times, and nobody changes it: to read it checks every signature. */
const READ = new WeakMap<object, Promise<CaOverride>>();

async function understood(document: unknown): Promise<CaOverride> {
  const found: OverrideFinding[] = [];
  const { cluster, type, items, crls, readable } = readEnvelope(document, found);
  const empty = { ...emptyOverride(cluster, type), findings: found, complete: readable };
  if (items.length === 0) return empty;
  const decoding = await import("../../x509/decode.ts");
  const entries = new Map<KeyHash, OverrideEntry>();
  let complete = readable;
  for (const [index, item] of items.entries()) {
    const where = `spec.certificate_overrides[${index}]`;
    const entry = readEntry(decoding, item, where, cluster, found);
    const twin = entry === null ? undefined : entries.get(entry.keyHash);
    if (entry !== null && twin === undefined) {
      entries.set(entry.keyHash, entry);
      continue;
    }
    complete = false;
    if (twin !== undefined) {
      found.push({
        severity: "error",
        code: "entry-duplicate",
        where,
        message: `is for the same key as ${twin.where}: ${twin.keyHash}`,
        remedy: "keep one entry per key",
        serverText: `found duplicate override for public key "${twin.keyHash}"`,
      });
    }
  }
  return { ...empty, entries, crls: await readCrls(decoding, crls, entries), complete };
}

/** One list item, with the rules in the server's order. `null`: it stands for no entry in a legal state. */
function readEntry(
  decoding: Decoding,
  item: unknown,
  where: string,
  cluster: string,
  found: OverrideFinding[],
): OverrideEntry | null {
  const refuse: Refuse = (code, at, message, remedy, serverText) => {
    found.push({ severity: "error", code, where: `${where}${at}`, message, remedy, serverText });
  };
  if (!isFields(item)) {
    refuse("entry-null", "", "is empty", "remove the list item, or fill it", "nil certificate override");
    return null;
  }
  const typesFit = checkFields(item, where, found);
  const pem = textOf(item["certificate"]);
  const certificate = pem === "" ? null : readOne(decoding, pem, `${where}.certificate`, found);
  if (certificate !== null) found.push(...contentFindings(certificate, cluster, `${where}.certificate`));
  const written = checkPublicKey(textOf(item["public_key"]), certificate, refuse);
  const disabled = item["disabled"] === true;
  if (pem === "") checkWithoutCertificate(item, disabled, refuse);

  const chain = certificate === null ? [] : readChain(decoding, certificate, item["chain"], where, found);
  if (!typesFit || chain === null) return null;
  if (certificate !== null) {
    const state = disabled ? "staged" : "enabled";
    return { keyHash: certificate.keyHash, where, state, certificate, chain };
  }
  if (pem !== "" || written === null || !disabled) return null;
  return { keyHash: written, where, state: "waived", certificate: null, chain: [] };
}

type Refuse = (
  code: OverrideFinding["code"],
  at: string,
  message: string,
  remedy: string,
  serverText: string,
) => void;

const FIELDS: Readonly<
  Record<string, { readonly fits: (value: unknown) => boolean; readonly form: string }>
> = {
  public_key: { fits: (value) => typeof value === "string", form: "text" },
  certificate: { fits: (value) => typeof value === "string", form: "PEM text" },
  chain: {
    fits: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
    form: "a list of PEM texts",
  },
  disabled: { fits: (value) => typeof value === "boolean", form: "true or false" },
};

function checkFields(item: Fields, where: string, found: OverrideFinding[]): boolean {
  found.push(...unknownFields(item, where, Object.keys(FIELDS)));
  const wrong = Object.entries(FIELDS).filter(([field, { fits }]) => {
    const value = item[field] ?? null;
    return value !== null && !fits(value);
  });
  for (const [field, { form }] of wrong) {
    found.push({
      severity: "error",
      code: "wrong-type",
      where: `${where}.${field}`,
      message: `is not ${form}`,
      remedy: `write ${form}`,
    });
  }
  return wrong.length === 0;
}

function checkPublicKey(spelled: string, certificate: Certificate | null, refuse: Refuse): KeyHash | null {
  if (spelled === "") return null;
  const written = normaliseKeyHash(spelled);
  if (written === null) {
    const guess = guessKeyHash(spelled);
    refuse(
      "public-key-invalid",
      "",
      `has public_key ${quoted(spelled)}, which is not 64 hexadecimal digits`,
      guess === null ? "write the hex SHA-256 of the public key, or leave it out" : `write ${guess}`,
      "invalid public key",
    );
  } else if (certificate !== null && written !== certificate.keyHash) {
    refuse(
      "public-key-mismatch",
      ".public_key",
      "is the hash of another key than the certificate's",
      `write ${certificate.keyHash}, or leave it out`,
      `certificate public key mismatch (want "${certificate.keyHash}")`,
    );
  }
  return written;
}

function checkWithoutCertificate(item: Fields, disabled: boolean, refuse: Refuse): void {
  if (!disabled) {
    refuse(
      "certificate-missing",
      "",
      "is enabled and has no certificate",
      "give a certificate, or `disabled: true` to record that this key is deliberately not overridden",
      "certificate required",
    );
  } else if (textOf(item["public_key"]) === "") {
    refuse(
      "certificate-or-key-missing",
      "",
      "has neither certificate nor public_key",
      "give public_key to record that this key is deliberately not overridden, or remove the entry",
      "certificate or public key required",
    );
  }
  if (Array.isArray(item["chain"]) && item["chain"].length > 0) {
    refuse(
      "chain-without-certificate",
      "",
      "has a chain, but no certificate",
      "give the certificate, or remove the chain",
      "chain not allowed with an empty certificate",
    );
  }
}

/** `null`: an item cannot be read, so this is not the chain that was asked for. */
function readChain(
  decoding: Decoding,
  certificate: Certificate,
  value: unknown,
  where: string,
  found: OverrideFinding[],
): readonly Certificate[] | null {
  const items = Array.isArray(value) ? value.map(textOf) : [];
  if (items.length > MAX_CHAIN) {
    found.push({
      severity: "error",
      code: "chain-too-long",
      where: `${where}.chain`,
      message: `has ${items.length} certificates; the server takes ${MAX_CHAIN}`,
      remedy: "keep the intermediates between the certificate and the root; the root itself may go",
      serverText: `certificate chain has too many entries (${items.length} > ${MAX_CHAIN})`,
    });
  }
  // Every item is read before any is judged, so that a wrong order can be answered with the right one.
  const problems: OverrideFinding[][] = [];
  const read = items.map((item, index) => {
    const own: OverrideFinding[] = [];
    problems.push(own);
    return readOne(decoding, item, `${where}.chain[${index}]`, own);
  });
  const chain = read.filter((item) => item !== null);
  const whole = chain.length === read.length;
  const order = whole ? chainFindings(certificate, chain, where) : [];
  for (const [index, own] of problems.entries()) {
    found.push(...own, ...order.filter((finding) => finding.where === `${where}.chain[${index}]`));
  }
  return whole ? chain : null;
}

function readOne(
  decoding: Decoding,
  pem: string,
  where: string,
  found: OverrideFinding[],
): Certificate | null {
  const { der, problems } = readCertificatePem(pem);
  found.push(...problems.map((problem) => ({ ...problem, where })));
  if (der === null) return null;
  const { certificate, flaw } = decoding.readCertificate(der);
  if (flaw !== null) found.push({ ...problemOfFlaw(flaw), where });
  return certificate;
}

/** The server looks them up in lower case, and regenerates what it cannot use (reference 2.6). */
async function readCrls(
  decoding: Decoding,
  crls: Fields,
  entries: ReadonlyMap<KeyHash, OverrideEntry>,
): Promise<ReadonlyMap<KeyHash, RevocationList>> {
  const read = await Promise.all(
    Object.entries(crls).map(async ([hash, value]) => {
      const certificate = entries.get(hash)?.certificate ?? null;
      const pem = isFields(value) ? textOf(value["pem"]) : "";
      const crl =
        certificate === null || pem === "" ? null : await decoding.readRevocationList(pem, certificate);
      return crl === null ? [] : [[hash, crl] as const];
    }),
  );
  return new Map(read.flat());
}
