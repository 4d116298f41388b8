import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { talosFacts } from "../facts.ts";

/** An apply would make the active configuration last, and throw away what was staged (reference talos-rotation 2.6). */
export const pendingConfig: Guard = {
  id: "pending-config",
  about: "cluster",
  refuses: "changing a machine whose configuration on disk is not the one in force",
  waivable: false,
  subjects: ["machine"],
  appliesTo: ({ edge }) => edge.from !== edge.to,
  judge: ({ observation }) => {
    const talos = talosFacts(observation);
    const machines = talos?.machines ?? [];
    const [unread] = machines.filter(({ found }) => found?.pending === "unknown");
    if (unread !== undefined) {
      return unknown({
        subject: `machine/${unread.address}`,
        message: "does not show its configuration on disk",
        remedy: "look at `talosctl get machineconfig` on it",
      });
    }
    return failWith(
      machines
        .filter(({ found }) => found?.pending === "other")
        .map(({ address }) => ({
          subject: `machine/${address}`,
          message: "has a configuration on disk that is not in force: somebody staged it, or tries one out",
          remedy: "let it take effect (`talosctl reboot`), or apply the active one again; then plan again",
        })),
    );
  },
};
