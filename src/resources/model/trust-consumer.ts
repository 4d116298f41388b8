/**
 * Something outside the cluster that trusts a CA or shows a certificate of it: `trust_consumers` of a
 * `certificate_authority`. Durations are milliseconds here, `10s` in YAML.
 */
export type TrustConsumer = TlsConsumer | OpensshConsumer | JwksConsumer | FileConsumer | ManualConsumer;

/** What a consumer is, which is how it is asked. */
export type ConsumerKind = TrustConsumer["kind"];

interface Named {
  /** Unique among the consumers of one authority: the subject of findings, `consumer/orders-db`. */
  readonly name: string;
  /** How long its probe may take, `null`: as long as the caller says. */
  readonly deadlineMs: number | null;
}

/** A server that talks TLS, at once (`tls`) or after a word in its own protocol. */
export interface TlsConsumer extends Named {
  readonly kind: "postgres" | "mysql" | "tls";
  /** `host`, `host:port` or `[v6]:port`. */
  readonly address: string;
  /** Name sent in the handshake (SNI), `null`: the host of the address, unless that is an IP address. */
  readonly serverName: string | null;
}

/** A server whose host key is certified by the CA. */
export interface OpensshConsumer extends Named {
  readonly kind: "openssh";
  readonly address: string;
}

/** A web server that publishes keys of a JWT CA. */
export interface JwksConsumer extends Named {
  readonly kind: "https-jwks";
  readonly url: string;
  /** File in the repository with the CA of that web server, `null`: the roots of Node. */
  readonly caFile: string | null;
}

/** PEM, known_hosts, TrustedUserCAKeys, authorized_keys: told apart by what is in the file. */
interface FileConsumer extends Named {
  readonly kind: "file";
  /** Relative to the repository folder. */
  readonly path: string;
}

interface ManualConsumer extends Named {
  readonly kind: "manual";
  /** What a person has to look at, a sentence. */
  readonly instructions: string;
}

/** Where to dial. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** By kind of consumer, where its address says none. */
export const DEFAULT_PORTS = { postgres: 5432, mysql: 3306, tls: 443, openssh: 22 } as const;

/** Host and port of an address; `null` for what is none, or could be read as an option of an executable. */
export function parseAddress(text: string, defaultPort: number): Address | null {
  const match =
    /^(?:\[(?<v6>[\da-fA-F:.]+(?:%\w+)?)\]|(?<name>[A-Za-z\d_](?:[\w.-]*[\w.])?))(?::(?<port>\d{1,5}))?$/.exec(
      text,
    );
  const host = match?.groups?.["v6"] ?? match?.groups?.["name"];
  const port = Number(match?.groups?.["port"] ?? defaultPort);
  return host === undefined || port < 1 || port > 65535 ? null : { host, port };
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
