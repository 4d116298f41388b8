import { Failure } from "../../failure.ts";
import type { TeleportConnection } from "../../teleport/resources/connection.ts";
import { commandWords } from "../command-words.ts";
import type { FirstContact } from "../first-contact.ts";

/** `tctl` does not say which cluster it would reach before it is asked: the name comes from the person. */
export const TELEPORT_CONTACT: FirstContact = {
  typicalFlags: "--tctl …",
  isMeant: ({ platform, tctl }) => tctl !== undefined || platform === "teleport",
  async fromFlags({ cluster, tctl, authServer, identityFile }) {
    if (cluster === undefined) {
      throw new Failure("usage", "which cluster is it?", {
        hint: "name it with --cluster, as `tctl status` does",
      });
    }
    return found(cluster, {
      tctl: tctl === undefined ? ["tctl"] : commandWords("--tctl", tctl),
      authServer: authServer ?? null,
      identityFile: identityFile ?? null,
    });
  },
  fromSandbox(name, field) {
    // Its file is of this very version of capstan.
    const { tctl } = field as Pick<TeleportConnection, "tctl">;
    return found(name, { tctl, authServer: null, identityFile: null });
  },
  hasSessions: true,
  asWritten: (cluster) => cluster,
  leftToAdd: () => null,
};

function found(name: string, connection: TeleportConnection) {
  return { name, platform: "teleport", connection } as const;
}
