import { Failure } from "../../failure.ts";
import { redact } from "../../process/redact.ts";
import type { ClusterResource, TeleportConnection } from "../../resources/desired.ts";
import type { ClusterObservation } from "../../rotation/observation.ts";
import type {
  ObserveScope,
  Platform,
  PlatformOptions,
  TransitionReply,
  TransitionRequest,
} from "../platform.ts";
import { rotateCommand, startAutomaticCommand } from "./commands.ts";
import { explain } from "./errors.ts";
import { observeTeleport } from "./observe.ts";

/** Teleport, through `tctl`. */
export function openTeleport(cluster: ClusterResource, options: PlatformOptions): Platform {
  const connection = cluster.teleport;
  if (connection === null) {
    throw new Failure("resources", `Cluster ${cluster.name} has no spec.teleport.`, {
      hint: `Add it in ${cluster.source.file}, line ${cluster.source.line}.`,
    });
  }
  const said = new Set<string>();
  const notice = (message: string): void => {
    if (said.has(message)) return;
    said.add(message);
    options.notice?.(message);
  };
  return {
    observe: (scope: ObserveScope): Promise<ClusterObservation> =>
      observeTeleport(cluster.name, connection, { ...options, notice }, scope),
    transition: (request) => transition(connection, options, request),
  };
}

/** Without the run's abort signal: a request that is on its way is waited for, so that its end is known. */
async function transition(
  connection: TeleportConnection,
  { runner, signal, timeoutMs }: PlatformOptions,
  { authority, to, automatic }: TransitionRequest,
): Promise<TransitionReply> {
  if (signal?.aborted) throw new Failure("interrupted", `Stopped before ${authority} was moved to ${to}.`);
  try {
    const outcome = await runner.run({
      argv:
        automatic === undefined
          ? rotateCommand(connection, authority, to)
          : startAutomaticCommand(connection, authority, automatic.gracePeriodMs),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    // Alerts go to standard error after a success too: only the exit status counts (reference 1.11).
    if (outcome.exitCode === 0) return { accepted: true, message: redact(outcome.stdout.trim()) };
    return refused(explain(outcome).failure);
  } catch (error) {
    // Ended by its time limit or by a signal: the request may have arrived.
    if (error instanceof Failure) return refused(error);
    throw error;
  }
}

function refused(failure: Failure): TransitionReply {
  return { accepted: false, message: failure.message, failure };
}
