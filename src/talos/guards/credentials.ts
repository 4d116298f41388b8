import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isForward } from "../../rotation/phase.ts";
import { writtenDate } from "../../written-date.ts";
import { talosFacts } from "../facts.ts";
import { talosConnection } from "../resources/connection.ts";

/** Who changes machines needs os:admin, until the end; and what signed for it may be the CA that is dropped. */
export const credentials: Guard = {
  id: "credentials",
  about: "means",
  refuses: "a step with a client that may not take it, or after which capstan would be locked out",
  waivable: true,
  subjects: ["identity", "file"],
  appliesTo: ({ edge }) => isForward(edge) && edge.from !== edge.to,
  judge: ({ observation, authority, cluster, edge, now }) => {
    const { credentials } = observation;
    const subject = `identity/${credentials.path ?? ""}`;
    if (credentials.problem !== null || credentials.notAfter === null) {
      return unknown({
        subject,
        message: credentials.problem ?? "does not say when it expires",
        remedy: "issue a talosconfig with `talosctl config new --roles os:admin`",
      });
    }
    if (Date.parse(credentials.notAfter) < now + cluster.policy.phaseTimeoutMs) {
      return failWith([
        {
          subject,
          message: `expires on ${writtenDate(credentials.notAfter)}, before this step could be proven`,
          remedy: "issue a new talosconfig first",
        },
      ]);
    }
    const field = authority.type === "talos" ? "talosconfig" : "kubeconfig";
    const file = talosFacts(observation)?.clientFiles?.find((one) => one.field === field);
    if (file !== undefined) {
      return failWith([
        {
          subject: `file/${field}`,
          message: file.problem,
          remedy: `mend it, or name another file as spec.talos.clients.${field}: it is written after the machines have moved, and holds what reaches them then`,
        },
      ]);
    }
    const drops = authority.type === "talos" && edge.to === "standby";
    if (!drops || cluster.connection === null) return failWith([]);
    if (talosConnection(cluster).clients.talosconfig !== null) return failWith([]);
    const kept = authority.active.map(({ fingerprint }) => fingerprint);
    const signers = credentials.signedBy ?? [];
    if (signers.some((key) => kept.includes(key))) return failWith([]);
    const remedy = "set spec.talos.clients.talosconfig, or put a talosconfig of the new CA in its place";
    const nowhere = "and nothing says where to write another one";
    return signers.length === 0
      ? unknown({ subject, message: `was signed by nobody knows which CA, ${nowhere}`, remedy })
      : failWith([{ subject, message: `was signed by the CA that is dropped, ${nowhere}`, remedy }]);
  },
};
