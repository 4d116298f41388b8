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

/** The fingerprint of the TLS key that signs for a CA of the sandbox. */
export async function activeKey(stage: Stage, type: string): Promise<string> {
  const status = JSON.parse(await stage.ask(["status", "--format", "json"])) as PrintedStatus;
  const authority = status.clusters[0]?.authorities.find((one) => one.type === type);
  const key = authority?.active_keys.find(({ protocol }) => protocol === "tls");
  if (key === undefined) throw new Error(`the sandbox has no ${type} CA`);
  return key.fingerprint;
}
