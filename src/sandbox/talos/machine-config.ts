import { isDeepStrictEqual } from "node:util";
import { parseAllDocuments, stringify } from "yaml";
import { branch, isTree, type Tree, text, texts } from "../values.ts";
import { DOCUMENTS, IMMEDIATE_MACHINE_FIELDS, unknownPart, V1ALPHA1 } from "./config-schema.ts";
import type { KubernetesLayout, TalosDialect } from "./dialect.ts";
import { certificatePool, decodePem } from "./go-pem.ts";
import { KUBERNETES_PORT } from "./network.ts";
import { rememberedBy } from "./remembered.ts";

/** The machine configuration as a node understands it: several YAML documents, of which one has no `kind`. */
interface ConfigDocument {
  /** Empty for the v1alpha1 document. */
  readonly kind: string;
  readonly name: string;
  readonly value: Tree;
}

/** The text of gRPC's InvalidArgument. */
export class ConfigError extends Error {}

function decodeDocuments(text: string, dialect: TalosDialect): readonly ConfigDocument[] {
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw new ConfigError(`yaml: ${problem.message.split("\n")[0]}`);
    const value: unknown = document.toJS();
    if (value === null) return [];
    if (!isTree(value)) throw new ConfigError("yaml: unmarshal errors: document is not a mapping");
    return [checkedDocument(value, dialect)];
  });
}

function checkedDocument(value: Tree, dialect: TalosDialect): ConfigDocument {
  const kind = text(value["kind"]);
  if (kind !== "" && !dialect.documents.includes(kind)) {
    throw new ConfigError(`"${kind}" ${JSON.stringify(text(value["apiVersion"]))}: not registered`);
  }
  const schema = kind === "" ? V1ALPHA1 : DOCUMENTS[kind];
  const unknown = schema === undefined ? undefined : unknownPart(withoutDeletes(value), schema);
  if (unknown !== undefined) {
    throw new ConfigError(`unknown keys found during decoding:\n${stringify(unknown, { indent: 4 })}`);
  }
  return { kind, name: text(value["name"]), value };
}

/** `$patch: delete` is taken out before the keys are checked. */
function withoutDeletes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDeletes);
  if (!isTree(value)) return value;
  if (value["$patch"] === "delete") return {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutDeletes(inner)]));
}

type MachineType = "init" | "controlplane" | "worker";

export interface EmulatedConfig {
  readonly type: MachineType;
  readonly token: string;
  readonly certSANs: readonly string[];
  readonly clusterName: string;
  /** `https://10.0.0.1:6443` */
  readonly endpoint: string;
  /** Where the machine's own API server listens. */
  readonly apiServerPort: number;
  /** The bootstrap token of kubelets. */
  readonly bootstrapToken: string;
  readonly talos: AuthorityConfig;
  readonly kubernetes: AuthorityConfig & { readonly layout: KubernetesLayout };
  readonly documents: readonly ConfigDocument[];
}

interface AuthorityConfig {
  /** Workers have no key; with the document layout they have no issuing CA at all. All values are PEM. */
  readonly issuing: { readonly crt: string; readonly key: string } | null;
  readonly accepted: readonly string[];
}

/**
 * Reads and validates. Both fail with the text that Talos answers. What is applied is read before, and again when it comes
 * into force or goes out of it.
 */
export const readEmulatedConfig = rememberedBy(
  (source: string, { minor }: TalosDialect) => `${minor}\n${source}`,
  readAnew,
);

function readAnew(source: string, dialect: TalosDialect): EmulatedConfig {
  const documents = decodeDocuments(source, dialect);
  const main = documents.find(({ kind }) => kind === "");
  if (main === undefined) {
    throw new ConfigError(
      "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?",
    );
  }
  const machine = branch(main.value["machine"]);
  const cluster = branch(main.value["cluster"]);
  const authority = documents.find(({ kind }) => kind === "KubeAPIServerCAConfig");
  const documentOf = (wanted: string): Tree => branch(documents.find(({ kind }) => kind === wanted)?.value);
  const named = documentOf("KubeClusterConfig");
  const controlPlane = branch(cluster["controlPlane"]);
  const port = documentOf("KubeAPIServerConfig")["apiPort"] ?? controlPlane["localAPIServerPort"];
  const config: EmulatedConfig = {
    type: text(machine["type"]) as MachineType,
    token: text(machine["token"]),
    certSANs: texts(machine["certSANs"]),
    clusterName: text(named["clusterName"] ?? cluster["clusterName"]),
    endpoint: text(named["endpoint"] ?? controlPlane["endpoint"]),
    apiServerPort: typeof port === "number" ? port : KUBERNETES_PORT,
    bootstrapToken: text(cluster["token"]),
    talos: legacyAuthority(machine),
    kubernetes:
      authority === undefined
        ? { layout: "legacy", ...legacyAuthority(cluster) }
        : { layout: "document", ...documentAuthority(authority.value) },
    documents,
  };
  const problems = [...machineProblems(config), ...clusterProblems(config, cluster, authority !== undefined)];
  if (problems.length > 0) throw new ConfigError(multipleErrors(problems));
  return config;
}

/** `machine.ca` and `machine.acceptedCAs`, or the same below `cluster`: base64 of PEM (TA 2.1). */
function legacyAuthority(section: Tree): AuthorityConfig {
  const accepted = Array.isArray(section["acceptedCAs"]) ? section["acceptedCAs"] : [];
  return {
    issuing: isTree(section["ca"])
      ? { crt: base64(section["ca"]["crt"]), key: base64(section["ca"]["key"]) }
      : null,
    accepted: accepted.map((one) => base64(branch(one)["crt"])),
  };
}

/** The document of 1.14: plain PEM. */
function documentAuthority(value: Tree): AuthorityConfig {
  const issuing = value["issuingCA"];
  return {
    issuing: isTree(issuing) ? { crt: text(issuing["cert"]), key: text(issuing["key"]) } : null,
    accepted: texts(value["acceptedCAs"]),
  };
}

function base64(value: unknown): string {
  const source = text(value).replace(/[\r\n]/g, "");
  const bytes = Buffer.from(source, "base64");
  if (bytes.toString("base64") !== source) {
    throw new ConfigError("yaml: construct errors: illegal base64 data");
  }
  return bytes.toString("utf8");
}

function machineProblems({ type, talos }: EmulatedConfig): readonly string[] {
  const problems: string[] = [];
  if (talos.issuing === null && talos.accepted.length === 0) {
    problems.push("issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)");
  }
  if (type === "controlplane" || type === "init") {
    if (talos.issuing === null) problems.push("issuing CA is required (.machine.ca)");
    else if (talos.issuing.key === "") {
      problems.push("issuing CA key is required for controlplane nodes (.machine.ca.key)");
    }
  } else if (type === "worker") {
    if (talos.issuing !== null && talos.issuing.key !== "") {
      problems.push("issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)");
    }
    if (talos.issuing !== null && talos.issuing.crt === "" && talos.accepted.length === 0) {
      problems.push(
        "trusted CA certificates are required on non-controlplane nodes (.machine.ca.crt, .machine.acceptedCAs)",
      );
    }
  } else {
    problems.push(`unknown machine type ${JSON.stringify(type)}`);
  }
  return problems;
}

function clusterProblems(config: EmulatedConfig, cluster: Tree, hasDocument: boolean): readonly string[] {
  const { type, endpoint, kubernetes } = config;
  const problems: string[] = [];
  const legacy = legacyAuthority(cluster);
  if (endpoint === "") problems.push("cluster controlplane endpoint is required");
  if (hasDocument && legacy.issuing !== null) {
    problems.push("kube-apiserver CA is already set in v1alpha1 config (.cluster.ca)");
  }
  if (type === "worker" && legacy.issuing !== null && legacy.issuing.key !== "") {
    problems.push("issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)");
    problems.push("cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)");
  }
  if (hasDocument) problems.push(...documentProblems(kubernetes, type));
  // Stricter than upstream in words, not in effect: without it the node has no Kubernetes control plane.
  else if (type !== "worker" && (kubernetes.issuing === null || kubernetes.issuing.key === "")) {
    problems.push("issuing Kubernetes API CA key is required for controlplane nodes (.cluster.ca)");
  }
  return problems;
}

/** Only the document is looked into; legacy fields are not checked cryptographically (TA 7). */
function documentProblems({ issuing, accepted }: AuthorityConfig, type: MachineType): readonly string[] {
  const problems: string[] = [];
  if (type === "worker" && issuing !== null) {
    problems.push("issuing CA is not allowed on non-controlplane nodes");
  }
  if (type !== "worker" && issuing === null) problems.push("issuing CA is required for controlplane nodes");
  if (issuing !== null) {
    if (decodePem(issuing.crt).length === 0) problems.push("issuing CA: certificate: no PEM blocks found");
    else if (certificatePool(issuing.crt).length === 0) problems.push("issuing CA: certificate is invalid");
    if (decodePem(issuing.key).length === 0) problems.push("issuing CA: key: no PEM blocks found");
  }
  for (const [index, pem] of accepted.entries()) {
    const blocks = decodePem(pem);
    const other = blocks.find(({ label }) => label !== "CERTIFICATE");
    if (other !== undefined) {
      const types = `unexpected PEM block type ${JSON.stringify(other.label)}, expected one of ["CERTIFICATE"]`;
      problems.push(`accepted CA #${index}: ${types}`);
    } else if (blocks.length === 0) {
      problems.push(`accepted CA #${index}: no PEM blocks found`);
    }
  }
  return problems;
}

/** hashicorp/go-multierror. */
function multipleErrors(problems: readonly string[]): string {
  const count = problems.length === 1 ? "1 error" : `${problems.length} errors`;
  return `${count} occurred:\n${problems.map((problem) => `\t* ${problem}\n`).join("")}\n`;
}

/** What `osrootsecrets` shows: the configured list, then the issuing CA (TA 2.3). */
export function acceptedByTalos({ talos }: EmulatedConfig): readonly string[] {
  return [...talos.accepted, ...(talos.issuing === null ? [] : [talos.issuing.crt])];
}

export function acceptedByKubernetes({ kubernetes }: EmulatedConfig): readonly string[] {
  const issuing = kubernetes.issuing === null ? [] : [kubernetes.issuing.crt];
  return kubernetes.layout === "document"
    ? [...issuing, ...kubernetes.accepted]
    : [...kubernetes.accepted, ...issuing];
}

/** `kubeletsecrets`: the issuing CA first. The order is significant: a change of it restarts the kubelet. */
export function acceptedByKubelet({ kubernetes }: EmulatedConfig): readonly string[] {
  return [...(kubernetes.issuing === null ? [] : [kubernetes.issuing.crt]), ...kubernetes.accepted];
}

/** Whether a change needs no reboot. */
export function isImmediate(before: EmulatedConfig, after: EmulatedConfig): boolean {
  const [old, next] = [before, after].map(({ documents }) =>
    branch(documents.find(({ kind }) => kind === "")?.value["machine"]),
  );
  const fields = new Set([...Object.keys(old ?? {}), ...Object.keys(next ?? {})]);
  return [...fields].every(
    (field) => IMMEDIATE_MACHINE_FIELDS.includes(field) || isDeepStrictEqual(old?.[field], next?.[field]),
  );
}
