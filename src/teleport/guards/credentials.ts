import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import type { Credentials, Fingerprint, LiveAuthority } from "../../rotation/observation.ts";
import type { Edge } from "../../rotation/phase.ts";
import { writtenDate } from "../../written-date.ts";

/**
 * The identity that capstan itself uses: an identity file embeds the host CAs that it trusts and a certificate
 * that runs out (reference teleport-rotation 6.2). Losing it half-way would leave nobody at the wheel.
 */
export const credentials: Guard = {
  id: "credentials",
  about: "means",
  refuses: "a step that the identity capstan itself uses would not survive",
  waivable: true,
  subjects: ["identity"],
  appliesTo: ({ edge, observation }) =>
    edge.from !== edge.to && observation.credentials.source === "identity-file",
  judge: ({ observation: { credentials }, authority, cluster, edge, now }) => {
    const subject = `identity/${credentials.path ?? ""}`;
    if (credentials.problem !== null || credentials.notAfter === null) {
      return unknown({
        subject,
        message: credentials.problem ?? "does not say when it expires",
        remedy: "issue a new identity file (tbot, or `tctl auth sign`), readable for this user",
      });
    }
    const needed = now + cluster.policy.phaseTimeoutMs;
    if (Date.parse(credentials.notAfter) < needed) {
      return failWith([
        {
          subject,
          message: `expires on ${writtenDate(credentials.notAfter)}, before this step could be verified`,
          remedy: "issue a new identity file first",
        },
      ]);
    }
    if (dropsUserKeys(authority, edge) && credentials.signedBy === undefined) {
      return unknown({
        subject,
        message: "was not compared with the keys of the user CA: nobody knows whether it survives this step",
        remedy: "plan again with a `tctl` that reads it, or issue a new identity file",
      });
    }
    const cutOff = lostWith(authority, edge, credentials);
    if (cutOff.length > 0) {
      return failWith([
        {
          subject,
          message: `its certificate was signed by ${cutOff.join(", ")}, which nobody trusts after this step: capstan would lock itself out`,
          remedy: "issue a new identity file now; one from before update_clients comes from the old user CA",
        },
      ]);
    }
    const serversChange = authority.type === "host" && edge.to === "update_servers";
    const blind = authority.active.filter(
      (key) => key.protocol === "tls" && !credentials.trusts.includes(key.fingerprint),
    );
    if (!serversChange || blind.length === 0) return failWith([]);
    return failWith(
      blind.map((key) => ({
        subject,
        message: `does not trust ${key.fingerprint}, which every server presents after this step: capstan would lock itself out`,
        remedy: "issue a new identity file now; one from before init does not know the new host CA",
      })),
    );
  },
};

/** Out of the last phase the keys that do not sign are dropped, and with them every certificate that they signed. */
function lostWith(
  authority: LiveAuthority,
  edge: Edge,
  { signedBy = [] }: Credentials,
): readonly Fingerprint[] {
  if (!dropsUserKeys(authority, edge)) return [];
  const { active, trusted } = authority;
  const kept = active.map(({ fingerprint }) => fingerprint);
  if (signedBy.some((key) => kept.includes(key))) return [];
  return trusted.map(({ fingerprint }) => fingerprint).filter((key) => signedBy.includes(key));
}

function dropsUserKeys({ type }: LiveAuthority, { to }: Edge): boolean {
  return type === "user" && to === "standby";
}
