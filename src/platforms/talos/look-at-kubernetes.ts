import { readFile } from "node:fs/promises";
import { Failure, failureOfOne } from "../../failure.ts";
import type { KubernetesFacts } from "../../talos/facts.ts";
import {
  type ApiServer,
  fetchKubeconfig,
  kubernetesFacts,
  openKubectl,
  readyz,
  serverUrl,
  withServerOf,
} from "./kubernetes.ts";
import type { TalosLook } from "./seen-machines.ts";
import type { Session } from "./session.ts";

/** What Kubernetes says of its nodes and of its API servers; unread, with the reason, where it does not answer. */
export async function lookAtKubernetes(session: Session, look: TalosLook): Promise<KubernetesFacts> {
  try {
    const kubectl = await openKubectl(session, await kubeconfigFor(session, look));
    const [facts, silent] = await Promise.all([
      kubernetesFacts(session, kubectl.path),
      silentServers(session, kubectl.path, look),
    ]);
    return facts.state === "read" ? { ...facts, silent } : facts;
  } catch (error) {
    return { state: "unread", problem: failureOfOne(error).message };
  }
}

/** What every step will ask: the API server of each control plane, at its own address and port. */
async function silentServers(session: Session, kubeconfig: string, look: TalosLook) {
  const { declared = null, kept = null } = look.known.kubernetes ?? {};
  if (declared === null && kept === null) return [];
  const asked = await Promise.all(
    apiServersOf(look).map(async (server) => ({
      server: serverUrl(server),
      problem: await readyz(session, kubeconfig, server),
    })),
  );
  return asked.flatMap(({ server, problem }) => (problem === null ? [] : [{ server, problem }]));
}

/** Of the control planes that answer: where each of them listens, its configuration says. */
export function apiServersOf({ machines }: TalosLook): readonly ApiServer[] {
  return machines.flatMap(({ address, machineType, texts }) =>
    machineType === "controlplane" && texts !== null ? [{ address, port: texts.config.apiServerPort }] : [],
  );
}

/** Fetched from the first control plane that answers; the server is the one of the kubeconfig that is named. */
export async function kubeconfigFor(
  session: Session,
  { machines }: TalosLook,
  from?: string,
): Promise<string> {
  const asked =
    from ??
    machines.find(({ machineType, texts }) => machineType === "controlplane" && texts !== null)?.address;
  if (asked === undefined)
    throw new Failure("executable", "no control plane answers, so there is no kubeconfig", {
      hint: "start one, or correct control_planes in spec.talos",
    });
  const fetched = await fetchKubeconfig(session, asked);
  const named = session.connection.kubeconfig;
  if (named === null) return fetched;
  const text = await readFile(named, "utf8").catch(() => null);
  return text === null ? fetched : withServerOf(text, fetched);
}
