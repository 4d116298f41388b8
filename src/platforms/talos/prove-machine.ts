import { X509Certificate } from "node:crypto";
import { Failure } from "../../failure.ts";
import { fieldOf } from "../../foreign-value.ts";
import { contentOf } from "../../talos/node-state.ts";
import type { MachineMove } from "../../talos/walk.ts";
import { readCaCertificates } from "../../x509/ca-certificate.ts";
import { type Baseline, secretsVersion, stamp } from "./baseline.ts";
import { fetchKubeconfig, openKubectl, podsBehind, readyz, withKubeChange } from "./kubernetes.ts";
import { apiServersOf } from "./look-at-kubernetes.ts";
import { spec } from "./machine.ts";
import { readResources, type Session } from "./session.ts";
import { clientOf } from "./stage-client.ts";
import type { TalosClient } from "./talosconfig.ts";
import { CERTIFICATES_MS, RESTART_MS, within } from "./time-limits.ts";
import type { TalosTransition } from "./transition-at-hand.ts";

/**
 * By then a kubelet that was to restart has begun to: its service is destroyed and made anew, which shows in its time,
 * to the second, and its version. Two restarts within one second look like none.
 */
const RESTART_BEGINS_MS = 5_000;

/** Proves on the machine itself that it acts as its configuration says. */
export async function proveMachine(
  work: TalosTransition,
  move: MachineMove,
  baseline: Baseline,
): Promise<void> {
  const problem =
    work.type === "talos"
      ? await work.session.until(() => talosProblem(work, move), within(work, CERTIFICATES_MS))
      : await kubernetesProblem(work, move, baseline);
  if (problem === null) return;
  throw new Failure("refused", `${move.address} did not follow to ${move.to}: ${problem}`, {
    hint: "look at it with `talosctl dmesg` and `talosctl services`; running capstan again goes on from here",
  });
}

/** A new connection with a client of exactly this stage (reference 2.3, 5). */
async function talosProblem(work: TalosTransition, move: MachineMove): Promise<string | null> {
  const { address, to } = move;
  // Through others it would be their certificates that are proven.
  if (!work.session.isDirect()) return await usedProblem(work, move);
  const client = await stageClient(work, to);
  return client === null ? null : await problemOfClient(work.session, client, address);
}

/** What its API really uses, as opposed to what its configuration says (reference 2.3, 3). */
async function usedProblem(
  { session, pair }: TalosTransition,
  { address, to }: MachineMove,
): Promise<string | null> {
  const used = await spec(session, address, ["get", "apicertificates", "api"]);
  const decode = (value: unknown) => Buffer.from(String(value ?? ""), "base64").toString("utf8");
  const list = fieldOf(used, "acceptedCAs");
  const accepted = (Array.isArray(list) ? list : [])
    .flatMap((one) => readCaCertificates(decode(fieldOf(one, "crt"))))
    .map(({ fingerprint }) => fingerprint);
  const signer = to === "S2" || to === "S3" ? pair.next : pair.old;
  const other = signer === pair.next ? pair.old : pair.next;
  const leaf = decode(fieldOf(fieldOf(used, "server"), "crt"));
  const isSigned = leaf !== "" && new X509Certificate(leaf).verify(new X509Certificate(signer.pem).publicKey);
  if (!isSigned) return "its API does not show a certificate of the CA that signs now";
  if (!accepted.includes(signer.fingerprint)) return "its API does not accept the CA that signs now";
  const wanted = to === "S1" || to === "S2";
  if (accepted.includes(other.fingerprint) === wanted) return null;
  return wanted ? "its API does not accept the other CA yet" : "its API still accepts the CA that is dropped";
}

/** Signed by whom, trusting whom: what has to work with a machine in this state, and did not before. */
async function stageClient(
  { session, keys, pair }: TalosTransition,
  to: MachineMove["to"],
): Promise<TalosClient | null> {
  switch (to) {
    case "S0":
      return await clientOf(session, keys.old, pair.old.pem);
    case "S1":
      // Forwards it shows that the new CA is accepted, and on the way back that the old one signs again.
      return await clientOf(session, keys.next ?? keys.old, pair.old.pem);
    case "S2":
    case "S3":
      return await clientOf(session, keys.next, pair.next.pem);
  }
}

async function problemOfClient(
  session: Session,
  client: TalosClient,
  address: string,
  endpoint?: string,
): Promise<string | null> {
  const reply = await session.as(client, address, ["version", "--json"], endpoint);
  return reply.ok ? null : reply.error.failure.message;
}

async function kubernetesProblem(
  work: TalosTransition,
  move: MachineMove,
  baseline: Baseline,
): Promise<string | null> {
  const { session, look } = work;
  const kubelet = await session.until(() => kubeletProblem(work, move, baseline), within(work, RESTART_MS));
  if (kubelet !== null) return kubelet;
  const isControlPlane = look.machines.some(
    ({ address, machineType }) => address === move.address && machineType === "controlplane",
  );
  return isControlPlane
    ? await session.until(() => podProblem(work, move, baseline), within(work, RESTART_MS))
    : null;
}

/** The kubelet was restarted by the change, trusts what it should, in that order, and is well. */
async function kubeletProblem(
  { session, type, look, pair }: TalosTransition,
  { address, to }: MachineMove,
  baseline: Baseline,
): Promise<string | null> {
  const texts = look.machines.find((machine) => machine.address === address)?.texts;
  if (texts == null) return "it was not read";
  const content = contentOf(to, texts.config.authorities[type], pair);
  const wanted = [...(content.issuing === null ? [] : [content.issuing]), ...content.accepted];
  const secrets = await spec(session, address, ["get", "kubeletsecrets", "kubelet"]);
  const list = fieldOf(secrets, "acceptedCAs");
  const trusted = (Array.isArray(list) ? list : []).flatMap((one) =>
    readCaCertificates(Buffer.from(String(fieldOf(one, "crt") ?? ""), "base64").toString("utf8")),
  );
  const names = (all: readonly { readonly fingerprint: string }[]) =>
    all.map(({ fingerprint }) => fingerprint).join();
  if (names(trusted) !== names(wanted)) return "its kubelet does not trust the new set of CAs yet";
  const service = await spec(session, address, ["get", "service", "kubelet"]);
  if (fieldOf(service, "running") !== true || fieldOf(service, "healthy") !== true)
    return "its kubelet is not well";
  const now = await stamp(session, address, ["get", "service", "kubelet"]);
  if (now === null) return "since when its kubelet runs cannot be read";
  const settled = performance.now() - baseline.takenAt > RESTART_BEGINS_MS;
  return now === baseline.kubelet && !settled ? "its kubelet has not restarted yet" : null;
}

/** Its own static pods carry the new secrets and are ready, and its own API server answers with the right certificate. */
async function podProblem(
  { session, type, look, pair }: TalosTransition,
  { address, to }: MachineMove,
  baseline: Baseline,
): Promise<string | null> {
  const server = apiServersOf(look).find((one) => one.address === address);
  if (server === undefined) return "it was not read";
  const version = await secretsVersion(session, address);
  if (version === null || version === baseline.secrets)
    return "its control plane has not taken the new secrets yet";
  const pods = await spec(session, address, ["get", "staticpodstatus"]);
  const name = await nodeName(session, address);
  if (pods === undefined || name === null) return "its static pods cannot be read";
  const text = await kubeconfigText(session, address);
  if (typeof text !== "string") return text.problem;
  const signer = to === "S2" || to === "S3" ? pair.next : pair.old;
  const strict = await openKubectl(session, withKubeChange(text, { trust: signer.pem }));
  const behind =
    (await readyz(session, strict.path, server)) ?? (await podsBehind(session, strict.path, name, version));
  await session.folder.remove(strict.path);
  return behind === null ? null : `${type}: ${behind}`;
}

async function kubeconfigText(
  session: Session,
  address: string,
): Promise<string | { readonly problem: string }> {
  try {
    return await fetchKubeconfig(session, address);
  } catch (error) {
    if (error instanceof Failure) return { problem: error.message };
    throw error;
  }
}

/** Its name in Kubernetes: static pods end with it. */
async function nodeName(session: Session, address: string): Promise<string | null> {
  const reply = await session.ask(address, ["get", "staticpodstatus", "-o", "yaml"]);
  if (!reply.ok) return null;
  try {
    const id = readResources(reply.stdout).find(({ id: one }) =>
      one.startsWith("kube-system/kube-apiserver-"),
    )?.id;
    return id?.slice("kube-system/kube-apiserver-".length) ?? null;
  } catch {
    return null;
  }
}
