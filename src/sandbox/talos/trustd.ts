import { branch, text } from "../values.ts";
import { subjectNames } from "./api-certificates.ts";
import { requestCertificate, signCertificateRequest } from "./certificates.ts";
import { certificatePool } from "./go-pem.ts";
import { acceptedByTalos, type EmulatedConfig } from "./machine-config.ts";
import type { ApiCertificates, MachineContext } from "./machine-types.ts";
import { TRUSTD_PORT } from "./network.ts";
import { RpcError } from "./rpc.ts";
import { dial } from "./rpc-client.ts";
import { RpcServer } from "./rpc-server.ts";

/**
 * trustd: control planes sign the certificates of workers' apid, and tell workers whom to trust (TA 5.1). The
 * issuing CA is the one of the moment of the call.
 */
export function trustdServer(context: MachineContext, config: () => EmulatedConfig): RpcServer<object> {
  return new RpcServer<object>(context.network, {
    address: context.address,
    port: TRUSTD_PORT,
    asksForCertificate: false,
    admit: () => ({}),
    async handle({ params }) {
      const { token, talos } = config();
      const request = branch(params);
      if (request["token"] !== token) throw new RpcError("Unauthenticated", "invalid token");
      if (talos.issuing === null) throw new RpcError("Internal", "no issuing CA");
      const crt = await signCertificateRequest(talos.issuing, text(request["csr"]), context.now()).catch(
        (error) => {
          throw new RpcError("Internal", `failed to sign CSR: ${error.message}`);
        },
      );
      return { crt, ca: acceptedByTalos(config()).join("") };
    },
  });
}

/**
 * A worker asks one control plane. It trusts that control plane by its own configuration only, and then trusts
 * whomever the answer names: this is why control planes come first in every transition (TA 2.5).
 */
export async function askTrustd(
  context: MachineContext,
  config: EmulatedConfig,
  controlPlane: string,
  timeoutMs: number,
): Promise<ApiCertificates> {
  const accepted = acceptedByTalos(config);
  const { csr, key } = await requestCertificate(accepted.at(-1) ?? "", {
    commonName: context.name,
    ...subjectNames(context, config),
  });
  const connection = await dial({
    routes: context.network.routes(),
    address: controlPlane,
    port: TRUSTD_PORT,
    roots: certificatePool(accepted.join("")),
    now: context.now(),
    timeoutMs,
  });
  try {
    const { result } = await connection.call("Certificate", { token: config.token, csr });
    const answer = branch(result);
    const crt = text(answer["crt"]);
    if (crt === "") throw new RpcError("Internal", "empty answer of trustd");
    return { server: { crt, key }, client: null, accepted: [text(answer["ca"])] };
  } finally {
    connection.close();
  }
}
