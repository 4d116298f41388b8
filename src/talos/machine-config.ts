import { type Document, isAlias, isMap, isScalar, isSeq, parseAllDocuments, type YAMLMap } from "yaml";
import { type CaCertificate, readCaCertificate } from "../x509/ca-certificate.ts";
import { rememberedByDigest } from "../x509/remembered.ts";
import type { TalosType } from "./authority-types.ts";
import { lineOf } from "./edit-problem.ts";

/** What capstan reads of a machine configuration (reference talos-rotation 2.1). No key is in it. */
export interface MachineConfig {
  readonly machineType: MachineType;
  /** Where its own API server listens, which is not where the cluster's endpoint does. */
  readonly apiServerPort: number;
  readonly authorities: Readonly<Record<TalosType, ConfiguredAuthority>>;
}

/** What a machine is, in Talos' words. */
export type MachineType = "controlplane" | "worker";

/** One CA as a machine is configured to use it. */
export interface ConfiguredAuthority {
  readonly layout: Layout;
  /** `null` where none is named: on workers with a document of its own, where the order of `accepted` tells. */
  readonly issuing: CaCertificate | null;
  readonly accepted: readonly CaCertificate[];
}

/** `fields`: `ca` and `acceptedCAs` of `machine` or `cluster`, in base64. `document`: KubeAPIServerCAConfig of 1.14. */
export type Layout = "fields" | "document";

/** One YAML document of a machine configuration, with its tokens, so that an edit leaves the rest as it is. */
export type ConfigDocument = Document.Parsed;

const KUBERNETES_DOCUMENT = "KubeAPIServerCAConfig";

/**
 * The documents of a machine configuration; throws an `Error` that names the line and quotes nothing, as the line may
 * be a key.
 */
export function parseDocuments(text: string): readonly ConfigDocument[] {
  const documents = parseAllDocuments(text, { keepSourceTokens: true });
  if (!Array.isArray(documents)) throw new Error("it is empty");
  for (const { errors } of documents) {
    const [problem] = errors;
    // Only the place: the message would quote the line, and the line may be a key.
    if (problem !== undefined)
      throw new Error(`line ${lineOf(text, problem.pos[0])} is not YAML: ${problem.code}`);
  }
  return documents;
}

/** Reads what concerns the CAs. Throws, without a word of the content, when it cannot be understood. */
export function readMachineConfig(text: string): MachineConfig {
  return read(text);
}

/** Of so many machines, whose configurations a run that waits reads again with each look. */
const read = rememberedByDigest(1_000, (text: string): MachineConfig => {
  const documents = parseDocuments(text);
  return {
    apiServerPort: apiServerPortIn(documents),
    machineType: machineTypeIn(documents),
    authorities: {
      talos: authorityIn(placeOf(documents, "talos")),
      kubernetes: authorityIn(placeOf(documents, "kubernetes")),
    },
  };
});

/** `init` is what the first control plane was called before 1.0; `controlplane` its successor. */
export function machineTypeIn(documents: readonly ConfigDocument[]): MachineType {
  return mainDocument(documents).getIn(["machine", "type"]) === "worker" ? "worker" : "controlplane";
}

/** `localAPIServerPort`, and `apiPort` of a document of its own since 1.14 (talos, config/types/k8s/apiserver.go). */
function apiServerPortIn(documents: readonly ConfigDocument[]): number {
  const own = documents.find((document) => document.get("kind") === "KubeAPIServerConfig")?.get("apiPort");
  const port = own ?? mainDocument(documents).getIn(["cluster", "controlPlane", "localAPIServerPort"]);
  return typeof port === "number" && port > 0 ? port : DEFAULT_API_SERVER_PORT;
}

const DEFAULT_API_SERVER_PORT = 6443;

/** The private key of the CA that signs, as PEM; `null` where there is none, as on workers. */
export function readIssuingKey(text: string, type: TalosType): string | null {
  return issuingKeyIn(placeOf(parseDocuments(text), type));
}

/** The private key of the issuing CA as PEM, `null` where the machine has none (workers). Only ever in memory. */
export function issuingKeyIn({ map, layout, document }: Place): string | null {
  const value = scalarText(child(child(map, NAMES[layout].issuing, document), "key", document));
  return value === "" ? null : decode(value, layout);
}

/** Where a CA stands: the map that holds it, and how it is written there. */
export interface Place {
  readonly map: YAMLMap;
  /** The key of that map in its document; `null` when it is the whole document. */
  readonly section: "machine" | "cluster" | null;
  readonly layout: Layout;
  readonly document: ConfigDocument;
}

/** The spelling of the two layouts. */
export const NAMES = {
  fields: { issuing: "ca", certificate: "crt", accepted: "acceptedCAs" },
  document: { issuing: "issuingCA", certificate: "cert", accepted: "acceptedCAs" },
} as const;

/**
 * Where a machine configures a CA: a document of its own from 1.14 on, else a section of the first (reference
 * talos-rotation 4.1).
 */
export function placeOf(documents: readonly ConfigDocument[], type: TalosType): Place {
  const own = documents.find((document) => document.get("kind") === KUBERNETES_DOCUMENT);
  if (type === "kubernetes" && own !== undefined) {
    if (!isMap(own.contents)) throw new Error(`${KUBERNETES_DOCUMENT} is not a map`);
    return { map: own.contents, section: null, layout: "document", document: own };
  }
  const main = mainDocument(documents);
  const section = type === "talos" ? "machine" : "cluster";
  const map = resolved(main.get(section, true), main);
  if (!isMap(map)) throw new Error(`${section} is not a map`);
  return { map, section, layout: "fields", document: main };
}

function mainDocument(documents: readonly ConfigDocument[]): ConfigDocument {
  const main = documents.find((document) => isMap(document.contents) && !document.has("kind"));
  if (main === undefined) throw new Error("it has no v1alpha1 document");
  return main;
}

/** The CA as it is configured there; throws an `Error` for what is no certificate. */
export function authorityIn({ map, layout, document }: Place): ConfiguredAuthority {
  const names = NAMES[layout];
  const certificate = scalarText(child(child(map, names.issuing, document), names.certificate, document));
  const list = child(map, names.accepted, document);
  const accepted = isSeq(list)
    ? list.items.map((item) => readCaCertificate(decode(acceptedText(item, layout, document), layout)))
    : [];
  const issuing = certificate === "" ? null : readCaCertificate(decode(certificate, layout));
  if (issuing === null && accepted.length === 0) throw new Error("it names no CA");
  return { layout, issuing, accepted };
}

/** An element of the list: a map with `crt` among the fields, a plain text in the document. */
export function acceptedText(item: unknown, layout: Layout, document: ConfigDocument): string {
  return scalarText(layout === "fields" ? child(item, "crt", document) : resolved(item, document));
}

/** The value of a key, wherever it is written: in place, behind an alias, or merged in with `<<`. */
export function child(node: unknown, key: string, document: ConfigDocument): unknown {
  const map = resolved(node, document);
  if (!isMap(map)) return undefined;
  if (map.has(key)) return resolved(map.get(key, true), document);
  const merged = resolved(map.get("<<", true), document);
  const sources = isSeq(merged) ? merged.items : merged === undefined ? [] : [merged];
  for (const source of sources) {
    const found = child(source, key, document);
    if (found !== undefined) return found;
  }
  return undefined;
}

function resolved(node: unknown, document: ConfigDocument): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** The text of a scalar node, empty for anything else. */
export function scalarText(node: unknown): string {
  return isScalar(node) && typeof node.value === "string" ? node.value : "";
}

/** As Talos reads it: the lines of a block of base64 are one text. */
export function decode(value: string, layout: Layout): string {
  return layout === "fields" ? Buffer.from(value, "base64").toString("utf8") : value;
}
