import type { Stage } from "./stage.ts";

/** Of what `capstan status --format json` prints, what the tours show. */
interface PrintedStatus {
  readonly clusters: readonly {
    readonly authorities: readonly {
      readonly type: string;
      readonly active_keys: readonly { readonly protocol: string; readonly fingerprint: string }[];
    }[];
  }[];
}

/** The fingerprints of the TLS keys that sign for CAs of the sandbox, out of one look. */
export async function activeKeys<Type extends string>(
  stage: Stage,
  types: readonly Type[],
): Promise<Readonly<Record<Type, string>>> {
  const status = JSON.parse(await stage.ask(["status", "--format", "json"])) as PrintedStatus;
  const fingerprint = (type: Type): string => {
    const authority = status.clusters[0]?.authorities.find((one) => one.type === type);
    const key = authority?.active_keys.find(({ protocol }) => protocol === "tls");
    if (key === undefined) throw new Error(`the sandbox has no ${type} CA`);
    return key.fingerprint;
  };
  return Object.fromEntries(types.map((type) => [type, fingerprint(type)])) as Record<Type, string>;
}
