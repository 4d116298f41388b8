import { Failure } from "../../failure.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { Backup, ClusterResource } from "../../resources/model/desired.ts";
import { type TeleportConnection, teleportConnection } from "../../teleport/resources/connection.ts";
import { backUpFully } from "../full-backup.ts";
import type {
  ObserveScope,
  Platform,
  PlatformOptions,
  TransitionReply,
  TransitionRequest,
} from "../platform.ts";
import { rotateCommand, startAutomaticCommand } from "./commands.ts";
import { observeTeleport } from "./observe-teleport.ts";
import { teleportOverrides } from "./overrides.ts";
import { askForChange } from "./reply.ts";
import { readSecrets } from "./secrets.ts";

/** Teleport, through `tctl`. */
export function openTeleport(cluster: ClusterResource, options: PlatformOptions): Platform {
  const connection = teleportConnection(cluster);
  const said = new Set<string>();
  const notice = (message: string): void => {
    if (said.has(message)) return;
    said.add(message);
    options.notice?.(message);
  };
  return {
    observe(scope: ObserveScope): Promise<ClusterObservation> {
      const { signal, ...others } = options;
      const stopped = scope.evenWhenStopping === true || signal === undefined ? {} : { signal };
      return observeTeleport(cluster.name, connection, { ...others, ...stopped, notice }, scope);
    },
    transition: (request) => transition(connection, options, request),
    overrides: teleportOverrides(cluster.name, connection, options),
    ...(cluster.backup === undefined ? {} : { backUp: backUpOf(cluster.backup, connection) }),
  };

  function backUpOf(backup: Backup, to: TeleportConnection): NonNullable<Platform["backUp"]> {
    const { runner, signal } = options;
    const secrets = () => readSecrets(cluster.name, to, options);
    return (request) => backUpFully(backup, request, { runner, signal, readSecrets: secrets });
  }
}

async function transition(
  connection: TeleportConnection,
  options: PlatformOptions,
  { authority, to, automatic, confirm }: TransitionRequest,
): Promise<TransitionReply> {
  if (options.signal?.aborted) {
    throw new Failure("interrupted", `Stopped before ${authority} was moved to ${to}.`);
  }
  const argv =
    automatic === undefined
      ? rotateCommand(connection, authority, to)
      : startAutomaticCommand(connection, authority, automatic.gracePeriodMs);
  await confirm?.();
  return (await askForChange(options, argv)).reply;
}
