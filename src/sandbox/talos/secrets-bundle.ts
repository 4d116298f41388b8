import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { stringify } from "yaml";
import { encodeBase64 } from "../values.ts";
import { mintAuthority, type PemPair } from "./certificates.ts";

/** `talosctl gen secrets` (TA 4.2): everything that makes a cluster this cluster. */
export interface SecretsBundle {
  readonly clusterId: string;
  readonly clusterSecret: string;
  readonly bootstrapToken: string;
  readonly secretboxEncryptionSecret: string;
  readonly trustdToken: string;
  readonly etcd: PemPair;
  readonly kubernetes: PemPair;
  readonly aggregator: PemPair;
  /** PEM. Talos makes an RSA key; it is opaque here, so it may be one that is quick to make. */
  readonly serviceAccountKey: string;
  readonly talos: PemPair;
}

export async function makeSecrets(now: number): Promise<SecretsBundle> {
  const [talos, kubernetes, etcd, aggregator] = await Promise.all([
    mintAuthority("talos", { now }),
    mintAuthority("kubernetes", { now }),
    mintAuthority("etcd", { now }),
    mintAuthority("aggregator", { now }),
  ]);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    clusterId: `${randomBytes(32).toString("base64url")}=`,
    clusterSecret: randomBytes(32).toString("base64"),
    bootstrapToken: token(),
    secretboxEncryptionSecret: randomBytes(32).toString("base64"),
    trustdToken: token(),
    etcd,
    kubernetes,
    aggregator,
    serviceAccountKey: privateKey.export({ type: "sec1", format: "pem" }).toString(),
    talos,
  };
}

/** As in bootstrap tokens of Kubernetes: `abcdef.0123456789abcdef`. */
function token(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  const some = (count: number): string =>
    Array.from({ length: count }, () => letters[randomInt(letters.length)]).join("");
  return `${some(6)}.${some(16)}`;
}

export function printSecrets(secrets: SecretsBundle): string {
  return stringify(
    {
      cluster: { id: secrets.clusterId, secret: secrets.clusterSecret },
      secrets: {
        bootstraptoken: secrets.bootstrapToken,
        secretboxencryptionsecret: secrets.secretboxEncryptionSecret,
      },
      trustdinfo: { token: secrets.trustdToken },
      certs: {
        etcd: encodePair(secrets.etcd),
        k8s: encodePair(secrets.kubernetes),
        k8saggregator: encodePair(secrets.aggregator),
        k8sserviceaccount: { key: encodeBase64(secrets.serviceAccountKey) },
        os: encodePair(secrets.talos),
      },
    },
    { indent: 4, lineWidth: 0 },
  );
}

function encodePair({ crt, key }: PemPair): { crt: string; key: string } {
  return { crt: encodeBase64(crt), key: encodeBase64(key) };
}
