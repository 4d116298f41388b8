/**
 * As much of the machine configuration's schema as tells a typing error from a field: Talos refuses unknown keys,
 * so a patch with `acceptedCAS` must not look like success here.
 */
export type Schema = { readonly [key: string]: Schema } | "any" | readonly [Schema];

const AUTHORITY: Schema = { crt: "any", key: "any" };
/** Talos' element type has no name for its field, so a patch cannot pick one element (TA 3.3). */
const ACCEPTED: Schema = [{ crt: "any" }];

export const V1ALPHA1: Schema = {
  version: "any",
  debug: "any",
  persist: "any",
  machine: {
    type: "any",
    token: "any",
    ca: AUTHORITY,
    acceptedCAs: ACCEPTED,
    certSANs: "any",
    controlPlane: "any",
    kubelet: "any",
    pods: "any",
    network: "any",
    disks: "any",
    install: "any",
    files: "any",
    env: "any",
    time: "any",
    sysctls: "any",
    sysfs: "any",
    registries: "any",
    systemDiskEncryption: "any",
    features: "any",
    udev: "any",
    logging: "any",
    kernel: "any",
    seccompProfiles: "any",
    baseRuntimeSpecOverrides: "any",
    nodeLabels: "any",
    nodeAnnotations: "any",
    nodeTaints: "any",
  },
  cluster: {
    id: "any",
    secret: "any",
    controlPlane: "any",
    clusterName: "any",
    network: "any",
    token: "any",
    aescbcEncryptionSecret: "any",
    secretboxEncryptionSecret: "any",
    ca: AUTHORITY,
    acceptedCAs: ACCEPTED,
    aggregatorCA: AUTHORITY,
    serviceAccount: { key: "any" },
    apiServer: "any",
    controllerManager: "any",
    proxy: "any",
    scheduler: "any",
    discovery: "any",
    etcd: "any",
    coreDNS: "any",
    externalCloudProvider: "any",
    extraManifests: "any",
    extraManifestHeaders: "any",
    inlineManifests: "any",
    adminKubeconfig: "any",
    allowSchedulingOnMasters: "any",
    allowSchedulingOnControlPlanes: "any",
  },
};

const AUTHORITY_DOCUMENT: Schema = {
  apiVersion: "any",
  kind: "any",
  issuingCA: { cert: "any", key: "any" },
  acceptedCAs: "any",
};

/** Documents whose content matters here; the content of others is not looked at. */
export const DOCUMENTS: Readonly<Record<string, Schema>> = {
  KubeAPIServerCAConfig: AUTHORITY_DOCUMENT,
  KubeAggregatorCAConfig: AUTHORITY_DOCUMENT,
  HostnameConfig: { apiVersion: "any", kind: "any", auto: "any", hostname: "any" },
};

/** Fields of `machine` that may change without a reboot; all of `cluster` and every other document may (TA 3.3). */
export const IMMEDIATE_MACHINE_FIELDS: readonly string[] = [
  "ca",
  "acceptedCAs",
  "time",
  "certSANs",
  "install",
  "network",
  "sysfs",
  "sysctls",
  "logging",
  "controlPlane",
  "kubelet",
  "kernel",
  "registries",
  "pods",
  "seccompProfiles",
  "nodeAnnotations",
  "nodeLabels",
  "nodeTaints",
];

/** The part of `value` that the schema does not know, `undefined` when it knows everything. */
export function unknownPart(value: unknown, schema: Schema): unknown {
  if (schema === "any" || value === null || typeof value !== "object") return undefined;
  if (isList(schema)) {
    const [element] = schema;
    const unknown = Array.isArray(value)
      ? value.map((one) => unknownPart(one, element)).filter((one) => one !== undefined)
      : [];
    return unknown.length === 0 ? undefined : unknown;
  }
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const known = schema[key];
    if (known === undefined) return [[key, inner]];
    const unknown = unknownPart(inner, known);
    return unknown === undefined ? [] : [[key, unknown]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function isList(schema: Schema): schema is readonly [Schema] {
  return Array.isArray(schema);
}
