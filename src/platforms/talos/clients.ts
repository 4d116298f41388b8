import { kubeconfigFor, openContext } from "./observe.ts";
import { writePrivateFile } from "./private-file.ts";
import { type TalosClient, writeTalosconfig } from "./talosconfig.ts";
import type { Work } from "./transition.ts";
import { clientOf } from "./verify.ts";

/**
 * Writes the client configurations that a phase needs, to where the resource says, and nowhere else (reference
 * talos-rotation 2.2): for Talos one that works with both CAs from init to the end, and at the end with one only; for
 * Kubernetes a fresh one whenever what it trusts, or who signed its user, has changed.
 */
export async function writeClients(work: Work): Promise<void> {
  const { session, type, look, progress } = work;
  const { clients, controlPlanes } = session.connection;
  if (type === "kubernetes") {
    if (clients.kubeconfig === null) return;
    await writePrivateFile(clients.kubeconfig, await kubeconfigFor(session, look));
    progress("kubernetes: spec.talos.clients.kubeconfig is written anew");
    return;
  }
  if (clients.talosconfig === null) return;
  const client = await clientFor(work);
  if (client === null) return;
  const { name } = await openContext(session);
  await writeTalosconfig(clients.talosconfig, name, controlPlanes, client);
  progress("talos: spec.talos.clients.talosconfig is written anew");
}

async function clientFor({ session, from, to, pair, keys }: Work): Promise<TalosClient | null> {
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
