import { issue, type PemPair } from "./certificates.ts";
import { acceptedByTalos, type EmulatedConfig } from "./machine-config.ts";
import type { ApiCertificates, MachineContext } from "./machine-types.ts";

/** Node certificates live for a day and are renewed at half of that (TA 5.1). */
const HOURS = 24;

/** What a control plane makes itself, with the key in its configuration. */
export async function issueApiCertificates(
  context: MachineContext,
  config: EmulatedConfig,
): Promise<{ readonly api: ApiCertificates; readonly trustd: PemPair }> {
  const issuing = config.talos.issuing ?? { crt: "", key: "" };
  const common = { commonName: context.name, now: context.now(), hours: HOURS } as const;
  const names = subjectNames(context, config);
  const server = await issue(issuing, { ...common, ...names, usage: "serverAuth" });
  const trustd = await issue(issuing, { ...common, ...names, usage: "serverAuth", encipherment: true });
  const client = await issue(issuing, {
    ...common,
    organizations: ["os:impersonator"],
    usage: "clientAuth",
  });
  return { api: { server, client, accepted: acceptedByTalos(config) }, trustd };
}

/** Own addresses and names, and `machine.certSANs`. */
export function subjectNames(
  { address, name }: Pick<MachineContext, "address" | "name">,
  { certSANs }: EmulatedConfig,
): { readonly addresses: readonly string[]; readonly names: readonly string[] } {
  const isAddress = (one: string): boolean => /^[\d.]+$/.test(one);
  return {
    addresses: [address, "127.0.0.1", ...certSANs.filter(isAddress)],
    names: [name, ...certSANs.filter((one) => !isAddress(one))],
  };
}
