import type { AgentSpec } from "./agent.ts";
import type { TctlResource } from "./rotation-resource.ts";

/** What every row of a process has. */
export interface ServedRow {
  readonly version: string;
  readonly host: AgentSpec;
  readonly metadata: { readonly name: string; readonly expires: string; readonly id: bigint | undefined };
  readonly rotation: TctlResource | undefined;
}

/** What an agent says of where it has a thing from. */
export const FROM_CONFIG = { "teleport.dev/origin": "config-file" };

const AWS = {
  redshift: {},
  rds: { iam_auth: false },
  elasticache: {},
  secret_store: {},
  memorydb: {},
  rdsproxy: {},
};

/** `spec` of the rows of what an agent of release 11 serves, field by field (fixtures/recordings/teleport-11.1). */
export const SERVED_FIELDS_11 = {
  app_server: ({ version, host, rotation, metadata: { name } }: ServedRow): TctlResource => ({
    version,
    hostname: host.hostname,
    host_id: host.hostId,
    rotation,
    app: {
      kind: "app",
      version: "v3",
      metadata: { name, labels: FROM_CONFIG },
      spec: {
        uri: "http://127.0.0.1:8000",
        public_addr: `${name}.example.com`,
        insecure_skip_verify: false,
      },
    },
  }),
  db_server: ({ version, host, rotation, metadata: { name } }: ServedRow): TctlResource => ({
    protocol: "postgres",
    uri: "127.0.0.1:5432",
    aws: AWS,
    version,
    hostname: host.hostname,
    host_id: host.hostId,
    rotation,
    gcp: {},
    database: {
      kind: "db",
      version: "v3",
      metadata: { name, labels: FROM_CONFIG },
      spec: {
        protocol: "postgres",
        uri: "127.0.0.1:5432",
        aws: AWS,
        gcp: {},
        azure: { redis: {} },
        tls: { mode: 0 },
        ad: { keytab_file: "", domain: "", spn: "" },
        mysql: {},
      },
      status: { aws: AWS, mysql: {}, azure: { redis: {} } },
    },
  }),
  // An agent behind a tunnel has no name of its own here.
  kube_server: ({ version, host, rotation, metadata: { name } }: ServedRow): TctlResource => ({
    version,
    hostname: "remote.kube.proxy.teleport.cluster.local",
    host_id: host.hostId,
    rotation,
    cluster: {
      kind: "kube_cluster",
      version: "v3",
      metadata: { name },
      spec: { azure: {}, aws: {}, gcp: {} },
    },
  }),
} as const;
