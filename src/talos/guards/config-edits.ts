import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isTalosType } from "../authority-types.ts";
import { talosFacts } from "../facts.ts";

/**
 * A configuration that cannot be edited would stop a swap half-way, with some machines on each side. Every edit of
 * every phase, and of the way back, is tried on a copy beforehand.
 */
export const configEdits: Guard = {
  id: "config-edits",
  about: "cluster",
  refuses: "a step while a machine's configuration is spelled so that a CA in it cannot be edited alone",
  waivable: false,
  subjects: ["machine"],
  appliesTo: ({ edge }) => edge.from !== edge.to,
  judge: ({ observation, authority: { type } }) => {
    const talos = talosFacts(observation);
    if (talos === undefined || !isTalosType(type)) return failWith([]);
    const machines = talos.machines.flatMap(({ address, found }) =>
      found === null ? [] : [{ subject: `machine/${address}`, tried: found.edits?.[type] }],
    );
    const [untried] = machines.filter(({ tried }) => tried === undefined);
    if (untried !== undefined) {
      return unknown({
        subject: untried.subject,
        message: "nobody has tried whether its configuration can be edited",
        remedy:
          "plan again with this version of capstan, while it answers and `next` of the ca_rotation is known",
      });
    }
    return failWith(
      machines.flatMap(({ subject, tried }) =>
        tried == null
          ? []
          : [
              {
                subject,
                message: `line ${tried.line} of its configuration ${tried.what}: no step could change the CA there`,
                remedy: `${tried.remedy} (\`talosctl edit machineconfig\`), then plan again`,
              },
            ],
      ),
    );
  },
};
