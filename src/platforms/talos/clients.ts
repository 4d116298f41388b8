import { Failure } from "../../failure.ts";
import { readTarget, writeTarget } from "../../process/written-file.ts";
import { insistOnOwn, MARK } from "./client-files.ts";
import { openContext } from "./identities-offered.ts";
import { kubeconfigFor } from "./look-at-kubernetes.ts";
import { clientOf } from "./stage-client.ts";
import { type TalosClient, writeTalosconfig } from "./talosconfig.ts";
import type { TalosTransition } from "./transition-at-hand.ts";

/**
 * Writes the client configurations that a phase needs, to where the resource says, and nowhere else (reference
 * talos-rotation 2.2): for Talos one that works with both CAs from init to the end, and at the end with one only; for
 * Kubernetes a fresh one whenever what it trusts, or who signed its user, has changed.
 */
export async function writeClients(work: TalosTransition): Promise<void> {
  try {
    await write(work);
  } catch (error) {
    // Forwards a file that cannot be written was found out before the first machine; the way back is not held up by one.
    if (!(error instanceof Failure) || !isBack(work)) throw error;
    work.progress(`${work.type}: ${error.message}; the machines are back all the same`);
  }
}

function isBack({ from, to }: Pick<TalosTransition, "from" | "to">): boolean {
  return to === "rollback" || from === "rollback";
}

async function write(work: TalosTransition): Promise<void> {
  const { session, type, look, progress } = work;
  const { clients, controlPlanes } = session.connection;
  const { roots } = session.around;
  if (type === "kubernetes") {
    if (clients.kubeconfig === null) return;
    const target = { path: clients.kubeconfig, roots };
    insistOnOwn(target, await readTarget(target));
    const bytes = MARK + (await kubeconfigFor(session, look));
    await writeTarget(target, { bytes, mode: 0o600 });
    progress("kubernetes: spec.talos.clients.kubeconfig is written anew");
    return;
  }
  if (clients.talosconfig === null) return;
  const client = await clientFor(work);
  if (client === null) return;
  const { name } = await openContext(session);
  const target = { path: clients.talosconfig, roots };
  const current = await writeTalosconfig(target, name, controlPlanes, client);
  const other = current === name ? "" : `: its context ${JSON.stringify(name)}, which is not the current one`;
  progress(`talos: spec.talos.clients.talosconfig is written anew${other}`);
}

async function clientFor({ session, from, to, pair, keys }: TalosTransition): Promise<TalosClient | null> {
  const both = pair.old.pem + pair.next.pem;
  switch (to) {
    case "init":
    case "update_clients":
    case "update_servers":
      return await clientOf(session, keys.next, both);
    case "rollback":
      return await clientOf(session, keys.old, both);
    case "standby":
      return from === "rollback"
        ? await clientOf(session, keys.old, pair.old.pem)
        : await clientOf(session, keys.next, pair.next.pem);
  }
}
