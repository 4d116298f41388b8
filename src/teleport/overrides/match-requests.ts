import type { SigningRequest } from "../../x509/decode.ts";
import { printedName, valuesOf } from "../../x509/distinguished-name.ts";
import type { KeyHash } from "../../x509/spki.ts";
import type { CaKeys } from "./ca-keys.ts";
import { CLUSTER_NAME, clusterNameIn } from "./cluster-name.ts";
import { shortKeyHashes } from "./key-hash.ts";

/** A CSR that can be handed to the external CA, and what is notable about it. */
export interface MatchedRequest {
  readonly keyHash: KeyHash;
  readonly role: "active" | "additional" | "foreign";
  readonly request: SigningRequest;
  readonly subject: string;
  /** The certificate will be refused unless its subject names the cluster. */
  readonly namesCluster: boolean;
  /** It does so by Teleport's own attribute, which PostgreSQL does not take in an issuer. */
  readonly byAttribute: boolean;
}

/**
 * CSRs against keys. `create-override-csr` succeeds when it could sign for some of the keys (reference 3.2), so
 * only this comparison shows what is missing.
 */
export interface RequestMatch {
  readonly matched: readonly MatchedRequest[];
  /** For keys that this CA does not have: made for another cluster, or before a rotation. */
  readonly foreign: readonly MatchedRequest[];
  readonly missing: readonly KeyHash[];
  /** Several for one key; the first one counts. */
  readonly repeated: readonly KeyHash[];
  /** What is not a CSR, or is not signed with the key that it holds: text index and reason. */
  readonly unreadable: readonly { readonly text: number; readonly reason: string }[];
}

/** `wanted` narrows down whose CSR is missed; files may hold several blocks, as the command's own output does. */
export async function matchRequests(
  texts: readonly string[],
  cluster: string,
  keys: CaKeys,
  wanted: readonly KeyHash[] = [...keys.active, ...keys.additional],
): Promise<RequestMatch> {
  const decoding = await import("../../x509/decode.ts");
  const found = new Map<KeyHash, MatchedRequest>();
  const repeated = new Set<KeyHash>();
  const unreadable: { text: number; reason: string }[] = [];
  for (const [text, content] of texts.entries()) {
    const blocks = decoding.pemBlocks(content);
    if (blocks.length === 0) unreadable.push({ text, reason: "holds no PEM block" });
    for (const { type, der } of blocks) {
      const request = REQUEST_TYPES.includes(type) ? await decoding.readRequest(der) : null;
      if (request === null || !request.signatureValid) {
        unreadable.push({ text, reason: whyUnreadable(type, request) });
      } else if (found.has(request.keyHash)) {
        repeated.add(request.keyHash);
      } else {
        found.set(request.keyHash, describe(request, cluster, keys));
      }
    }
  }
  const all = [...found.values()];
  return {
    matched: all.filter(({ role }) => role !== "foreign"),
    foreign: all.filter(({ role }) => role === "foreign"),
    missing: wanted.filter((hash) => !found.has(hash)),
    repeated: [...repeated],
    unreadable,
  };
}

const REQUEST_TYPES = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

function whyUnreadable(type: string, request: SigningRequest | null): string {
  if (!REQUEST_TYPES.includes(type)) return `holds a ${type} block, not a certificate request`;
  return request === null
    ? "holds a certificate request that cannot be read"
    : "holds a certificate request that is not signed with its own key";
}

function describe(request: SigningRequest, cluster: string, keys: CaKeys): MatchedRequest {
  const { keyHash, subject } = request;
  return {
    keyHash,
    role: keys.active.includes(keyHash)
      ? "active"
      : keys.additional.includes(keyHash)
        ? "additional"
        : "foreign",
    request,
    subject: printedName(subject),
    namesCluster: clusterNameIn(subject) === cluster,
    byAttribute: valuesOf(subject, CLUSTER_NAME).length > 0,
  };
}

/**
 * The names that `create-override-csr --out=PREFIX` gives its files (reference 3.2). The short hash depends on the
 * other keys of the same call, so read files to learn whose they are; this is for writing and for messages.
 */
export function requestFileNames(
  type: string,
  hashes: readonly KeyHash[],
  prefix = "",
): ReadonlyMap<KeyHash, string> {
  return new Map(
    [...shortKeyHashes(hashes)].map(([hash, short]) => [hash, `${prefix}${type}-${short}-csr.pem`]),
  );
}
