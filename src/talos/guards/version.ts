import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isForward } from "../../rotation/phase.ts";
import type { Finding } from "../../rotation/plan.ts";
import { talosFacts } from "../facts.ts";

/** An older talosctl does not know what a newer machine says (reference talos-rotation 0, 9). */
export const version: Guard = {
  id: "version",
  about: "means",
  refuses: "a talosctl that is older than a machine, or a machine that cannot accept two CAs",
  waivable: true,
  subjects: ["version", "machine"],
  appliesTo: ({ edge }) => isForward(edge) && edge.from !== edge.to,
  judge: ({ observation }) => {
    const client = minor(observation.versions.client);
    const machines = (talosFacts(observation)?.machines ?? []).flatMap(({ address, found }) =>
      found === null ? [] : [{ address, version: found.version }],
    );
    const [silent] = machines.filter(({ version }) => version === null || minor(version) === null);
    if (client === null || silent !== undefined) {
      return unknown({
        subject: silent === undefined ? "version/client" : `machine/${silent.address}`,
        message: "does not say its version",
        remedy: "look at `talosctl version`",
      });
    }
    return failWith(machines.flatMap(({ address, version }) => judge(address, version ?? "", client)));
  },
};

function judge(address: string, version: string, client: number): readonly Finding[] {
  const machine = minor(version) ?? 0;
  const subject = `machine/${address}`;
  if (machine < FIRST_WITH_ACCEPTED_CAS) {
    return [
      { subject, message: `is ${version}; CAs can be rotated from v1.7 on`, remedy: "upgrade it first" },
    ];
  }
  if (machine <= client) return [];
  return [
    {
      subject,
      message: `is ${version}, newer than talosctl here`,
      remedy: "use a talosctl of at least this minor version",
    },
  ];
}

/** 1.7, counted as below. */
const FIRST_WITH_ACCEPTED_CAS = 1007;

/** `v1.13.9` as 1013. */
function minor(text: string): number | null {
  const found = /^v?(\d+)\.(\d+)\./.exec(text);
  return found === null ? null : Number(found[1]) * 1000 + Number(found[2]);
}
