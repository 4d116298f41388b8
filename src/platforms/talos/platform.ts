import { Failure } from "../../failure.ts";
import type { ClusterResource } from "../../resources/desired.ts";
import { isTalosType } from "../../rotation/authority-type.ts";
import { emptyRecord } from "../../rotation/record.ts";
import type { Platform, PlatformOptions, TalosSurroundings } from "../platform.ts";
import { observeTalos } from "./observe.ts";
import { Session } from "./session.ts";
import { takeTransition } from "./transition.ts";

/** Talos, through `talosctl` and `kubectl`. The phases are capstan's own (reference talos-rotation 2). */
export function openTalos(cluster: ClusterResource, options: PlatformOptions): Platform {
  const { talos: connection } = cluster;
  if (connection === null) {
    throw new Failure("resources", `Cluster ${cluster.name} has no spec.talos.`, {
      hint: `Add it in ${cluster.source.file}, line ${cluster.source.line}.`,
    });
  }
  const around = options.talos ?? nothingDeclared(options);
  return {
    consistent: true,
    async observe(scope) {
      const session = await Session.open(connection, options, around, options.signal);
      try {
        return await observeTalos(session, cluster.name, scope);
      } finally {
        await session.close();
      }
    },
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
}

/** Enough to look at a cluster that git does not know yet. */
function nothingDeclared({ now }: PlatformOptions): TalosSurroundings {
  return {
    rotations: [],
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
