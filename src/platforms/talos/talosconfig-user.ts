import { X509Certificate } from "node:crypto";
import type { Credentials } from "../../rotation/observation.ts";
import { readCaCertificates } from "../../x509/ca-certificate.ts";
import { openContext } from "./identities-offered.ts";
import { seenBy, type TalosLook } from "./seen-machines.ts";
import type { Session } from "./session.ts";

/** Who capstan is towards the cluster, by the talosconfig that the resource names. */
export async function readTalosconfigUser(session: Session, look: TalosLook): Promise<Credentials> {
  const { connection } = session;
  const context = await openContext(session);
  const path = connection.talosconfig;
  const nothing = { source: "identity-file", path, notAfter: null, trusts: [] } as const;
  try {
    const certificate = new X509Certificate(context.crt);
    const roles = (certificate.subject ?? "").split("\n").flatMap((part) => /^O=(.*)$/.exec(part)?.[1] ?? []);
    const signers = [...readCaCertificates(context.ca), ...seenBy(look, "talos")].filter(({ pem }) =>
      certificate.verify(new X509Certificate(pem).publicKey),
    );
    return {
      source: "identity-file",
      path,
      problem: roles.includes("os:admin")
        ? null
        : `its user has the roles ${roles.join(", ") || "none"}, and os:admin is needed`,
      notBefore: certificate.validFromDate.toISOString(),
      notAfter: certificate.validToDate.toISOString(),
      trusts: readCaCertificates(context.ca).map(({ fingerprint }) => fingerprint),
      signedBy: [...new Set(signers.map(({ fingerprint }) => fingerprint))],
    };
  } catch {
    return { ...nothing, problem: "holds no client certificate that can be read" };
  }
}
