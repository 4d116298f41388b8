import type { KeyObject } from "node:crypto";
import { unixNano } from "./go-print.ts";
import { type KeyGeneration, privatePem } from "./keys.ts";
import type { ListedAuthority } from "./listed-authorities.ts";
import type { TctlDialect } from "./rotation-machine.ts";
import { rotationResource, type TctlResource } from "./rotation-resource.ts";
import { ROLE_MAP } from "./trust-resource.ts";

export function authorityResource(
  { authority, owner, copied }: ListedAuthority,
  dialect: TctlDialect,
  withSecrets: boolean,
): TctlResource {
  const rotation =
    authority.rotation === null ? undefined : rotationResource(authority.rotation, dialect, false);
  // Nobody but the owner has the private halves.
  const shown = withSecrets && !copied;
  const roleMap = copied && authority.type === "user" ? ROLE_MAP : undefined;
  if (dialect === "v5") {
    const keys = [...authority.active, ...authority.trusted];
    return {
      kind: "cert_authority",
      version: "v2",
      metadata: { name: owner, id: unixNano(authority.writtenAt) },
      spec: {
        type: authority.type,
        cluster_name: owner,
        checking_keys: keys.flatMap(({ ssh }) => (ssh === null ? [] : [base64(ssh.line)])),
        signing_keys: shown
          ? keys.flatMap(({ ssh }) => (ssh === null ? [] : [base64(privatePem(ssh.privateKey))]))
          : undefined,
        role_map: roleMap,
        tls_key_pairs: keys.flatMap((key) => tlsPair(key, shown)),
        rotation,
        // rsa2-512.
        signing_alg: 3,
      },
    };
  }
  return {
    kind: "cert_authority",
    sub_kind: authority.type,
    version: "v2",
    metadata: {
      name: owner,
      ...(dialect === "v11" ? { id: unixNano(authority.writtenAt) } : { revision: authority.revision }),
    },
    spec: {
      type: authority.type,
      cluster_name: owner,
      role_map: roleMap,
      rotation,
      active_keys: keySet(authority.active, shown),
      additional_trusted_keys: keySet(authority.trusted, shown),
    },
  };
}

function keySet(keys: readonly KeyGeneration[], withSecrets: boolean): TctlResource {
  const ssh = keys.flatMap((generation) =>
    generation.ssh === null
      ? []
      : [
          {
            public_key: base64(generation.ssh.line),
            private_key: withSecrets ? privateHalf(generation, generation.ssh.privateKey) : undefined,
            private_key_type: keyType(generation),
          },
        ],
  );
  const tls = keys.flatMap((key) => tlsPair(key, withSecrets));
  const jwt = keys.flatMap((generation) =>
    generation.jwt === null
      ? []
      : [
          {
            public_key: base64(generation.jwt.publicKey),
            private_key: withSecrets ? privateHalf(generation, generation.jwt.privateKey) : undefined,
            private_key_type: keyType(generation),
          },
        ],
  );
  return {
    ssh: ssh.length === 0 ? undefined : ssh,
    tls: tls.length === 0 ? undefined : tls,
    jwt: jwt.length === 0 ? undefined : jwt,
  };
}

function tlsPair(generation: KeyGeneration, withSecrets: boolean): readonly TctlResource[] {
  const { tls } = generation;
  if (tls === null) return [];
  return [
    {
      cert: base64(tls.certificate),
      key: withSecrets ? privateHalf(generation, tls.privateKey) : undefined,
      key_type: keyType(generation),
    },
  ];
}

/** The enum of Go, absent for software (reference 4.3). */
function keyType({ storage }: KeyGeneration): number | undefined {
  return storage === "software" ? undefined : 1;
}

/** What is in an HSM never leaves it: the resource only says where it is. */
function privateHalf({ holder }: KeyGeneration, key: KeyObject): string {
  return base64(holder === null ? privatePem(key) : `pkcs11:{"host_id":"auth server ${holder + 1}"}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
