import { Failure } from "../../failure.ts";
import type { Backup, ClusterResource } from "../../resources/model/desired.ts";
import { emptyRecord } from "../../rotation/record.ts";
import { isTalosType } from "../../talos/authority-types.ts";
import { talosConnection } from "../../talos/resources/connection.ts";
import { backUpFully } from "../full-backup.ts";
import type { Platform, PlatformOptions, RotationMemory } from "../platform.ts";
import { observeTalos } from "./observe-talos.ts";
import { Session } from "./session.ts";
import { takeTransition } from "./transition.ts";

/** Talos, through `talosctl` and `kubectl`. The phases are capstan's own (reference talos-rotation 2). */
export function openTalos(cluster: ClusterResource, options: PlatformOptions): Platform {
  const connection = talosConnection(cluster);
  const around = options.memory ?? nothingDeclared(options);
  return {
    consistent: true,
    async observe(scope) {
      const signal = scope.evenWhenStopping === true ? undefined : options.signal;
      const session = await Session.open(connection, options, around, signal);
      try {
        return await observeTalos(session, cluster.name, scope);
      } finally {
        await session.close();
      }
    },
    ...(cluster.backup === undefined ? {} : { backUp: backUpOf(cluster.backup) }),
    async transition(request) {
      const { authority } = request;
      if (!isTalosType(authority)) throw new Error(`Talos has no ${authority} CA`);
      // Without the signal: a machine is not left in the middle of a change.
      const session = await Session.open(connection, options, around);
      try {
        session.checkStop();
        return await takeTransition(session, cluster, authority, request);
      } finally {
        await session.close();
      }
    },
  };

  function backUpOf(backup: Backup): NonNullable<Platform["backUp"]> {
    const { runner, signal } = options;
    return (request) => backUpFully(backup, request, { runner, signal, readSecrets: sealedElsewhere });
  }
}

/** The check of the resources refuses it with file and line. */
async function sealedElsewhere(): Promise<never> {
  throw new Failure("resources", "the keys of a Talos cluster are sealed for spec.talos.recipients", {
    hint: "take recipients out of spec.backup",
  });
}

/** Enough to look at a cluster that git does not know yet. */
function nothingDeclared({ now }: PlatformOptions): RotationMemory {
  return {
    rotations: [],
    roots: [],
    record: {
      load: async (cluster) => emptyRecord(cluster),
      save: async () => {
        throw new Error("there is no record to save to");
      },
    },
    identities: async () => {
      throw new Failure("denied", "nothing is declared that a key would be opened for");
    },
    now,
  };
}
