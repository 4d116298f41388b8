import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isForward } from "../../rotation/phase.ts";
import type { Finding } from "../../rotation/plan.ts";

/** Releases that are known to break in a rotation, by prefix. */
const KNOWN_BAD = [
  { release: "9.0.", why: "a rotation broke whole clusters on 9.0 (gravitational/teleport#11134)" },
] as const;

/** An older tctl does not know the newer CA types, a newer one speaks another dialect (reference 6.1). */
export const version: Guard = {
  id: "version",
  about: "means",
  refuses: "a tctl more than one major version away from the cluster, or a release that is known to break",
  waivable: true,
  subjects: ["version"],
  appliesTo: ({ edge }) => isForward(edge) && edge.from !== edge.to,
  judge: ({ observation: { versions } }) => {
    const client = major(versions.client);
    const server = versions.server === null ? null : major(versions.server);
    if (client === null || server === null) {
      return unknown({
        subject: "version/server",
        message: `cannot be compared: client ${versions.client}, server ${versions.server ?? "did not say"}`,
        remedy: "check `tctl version` and `tctl status` by hand",
      });
    }
    const findings: Finding[] = [];
    if (Math.abs(client - server) > 1) {
      findings.push({
        subject: "version/client",
        message: `is ${versions.client}, the cluster ${versions.server}: more than one major version apart`,
        remedy: "use a tctl of the cluster's own major version",
      });
    }
    for (const { release, why } of KNOWN_BAD) {
      if (versions.server?.startsWith(release)) {
        findings.push({
          subject: "version/server",
          message: `is ${versions.server}: ${why}`,
          remedy: "upgrade first",
        });
      }
    }
    return failWith(findings);
  },
};

function major(text: string): number | null {
  const found = /^v?(\d+)\./.exec(text);
  return found === null ? null : Number(found[1]);
}
