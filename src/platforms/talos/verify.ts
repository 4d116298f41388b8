import { X509Certificate } from "node:crypto";
import { Failure } from "../../failure.ts";
import { fieldOf } from "../../foreign-value.ts";
import { readCertificates } from "../../talos/certificate.ts";
import { contentOf } from "../../talos/node-state.ts";
import type { Move } from "../../talos/walk.ts";
import type { Signing } from "./client-certificate.ts";
import {
  fetchKubeconfig,
  kubernetesFacts,
  openKubectl,
  podsBehind,
  readyz,
  refuses,
  rootAuthority,
  withKubeChange,
} from "./kubernetes.ts";
import { spec } from "./machine.ts";
import { makeClient } from "./make-client.ts";
import { admin, apiServersOf, kubeconfigFor } from "./observe.ts";
import { type Reply, readResources, type Session } from "./session.ts";
import type { TalosClient } from "./talosconfig.ts";
import type { Work } from "./transition.ts";

/** A worker asks trustd, which takes seconds; its certificates are waited for longer than upstream does (TA 5.1). */
const CERTIFICATES_MS = 120_000;
/** A kubelet and three static pods restart. */
const RESTART_MS = 300_000;
/**
 * By then a kubelet that was to restart has begun to: its service is destroyed and made anew, which shows in its time,
 * to the second, and its version. Two restarts within one second look like none.
 */
const RESTART_BEGINS_MS = 5_000;
/** Another controller manager may have to become the leader, and publishes then. */
const PUBLISH_MS = 180_000;

/** No longer than a person allows for a phase. */
function within({ cluster }: Work, ms: number): number {
  return Math.min(ms, cluster.policy.phaseTimeoutMs);
}

/** What is compared with later, to know that something has restarted. */
export interface Baseline {
  /** `null`: nothing changes, so nothing restarts, and no restart is waited for (reference talos-rotation 1.3). */
  readonly kubelet: string | null;
  /** By the monotonic clock: a step of the wall clock is no time in which something could have restarted. */
  readonly takenAt: number;
  /** `null` on a worker too: it has no control plane whose secrets could change. */
  readonly secrets: string | null;
}

/**
 * Read before anything is changed on the machine. What could not be read is nothing to compare with: the next value
 * would look like a restart, so a machine whose baseline cannot be had is left as it is.
 */
export async function takeBaseline(work: Work, { address }: Move, unchanged: boolean): Promise<Baseline> {
  const { session, type, look } = work;
  if (type === "talos" || unchanged) return { kubelet: null, secrets: null, takenAt: performance.now() };
  const isControlPlane = look.machines.some(
    (machine) => machine.address === address && machine.machineType === "controlplane",
  );
  let kubelet: string | null = null;
  let secrets: string | null = null;
  const problem = await session.until(
    async () => {
      kubelet ??= await stamp(session, address, ["get", "service", "kubelet"]);
      if (isControlPlane) secrets ??= await secretsVersion(session, address);
      if (kubelet === null) return "since when its kubelet runs cannot be read";
      return isControlPlane && secrets === null ? "the version of its secrets cannot be read" : null;
    },
    within(work, CERTIFICATES_MS),
  );
  if (problem === null) return { kubelet, secrets, takenAt: performance.now() };
  throw new Failure("refused", `${address} is not changed: ${problem}`, {
    hint: "without it nothing shows that the machine has restarted. Look at it with `talosctl get service kubelet`; running capstan again goes on from here",
  });
}

/** Proves on the machine itself that it acts as its configuration says. */
export async function proveMachine(work: Work, move: Move, baseline: Baseline): Promise<void> {
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
async function talosProblem(work: Work, move: Move): Promise<string | null> {
  const { address, to } = move;
  // Through others it would be their certificates that are proven.
  if (!work.session.isDirect()) return await usedProblem(work, move);
  const client = await stageClient(work, to);
  return client === null ? null : await refusal(work.session, client, address);
}

/** What its API really uses, as opposed to what its configuration says (reference 2.3, 3). */
async function usedProblem({ session, pair }: Work, { address, to }: Move): Promise<string | null> {
  const used = await spec(session, address, ["get", "apicertificates", "api"]);
  const decode = (value: unknown) => Buffer.from(String(value ?? ""), "base64").toString("utf8");
  const list = fieldOf(used, "acceptedCAs");
  const accepted = (Array.isArray(list) ? list : [])
    .flatMap((one) => readCertificates(decode(fieldOf(one, "crt"))))
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
async function stageClient({ session, keys, pair }: Work, to: Move["to"]): Promise<TalosClient | null> {
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

export async function clientOf(
  session: Session,
  signing: Signing | null,
  ca: string,
): Promise<TalosClient | null> {
  if (signing === null) return null;
  const cache = clients.get(session) ?? new Map<string, Promise<{ crt: string; key: string }>>();
  clients.set(session, cache);
  const made = cache.get(signing.certificate) ?? makeClient(signing, admin(session));
  cache.set(signing.certificate, made);
  return { ca, ...(await made) };
}

/** One certificate per CA and session. */
const clients = new WeakMap<Session, Map<string, Promise<{ crt: string; key: string }>>>();

async function refusal(
  session: Session,
  client: TalosClient,
  address: string,
  endpoint?: string,
): Promise<string | null> {
  const reply = await session.as(client, address, ["version", "--json"], endpoint);
  return reply.ok ? null : reply.error.failure.message;
}

async function kubernetesProblem(work: Work, move: Move, baseline: Baseline): Promise<string | null> {
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
  { session, type, look, pair }: Work,
  { address, to }: Move,
  baseline: Baseline,
): Promise<string | null> {
  const texts = look.machines.find((machine) => machine.address === address)?.texts;
  if (texts == null) return "it was not read";
  const content = contentOf(to, texts.config.authorities[type], pair);
  const wanted = [...(content.issuing === null ? [] : [content.issuing]), ...content.accepted];
  const secrets = await spec(session, address, ["get", "kubeletsecrets", "kubelet"]);
  const list = fieldOf(secrets, "acceptedCAs");
  const trusted = (Array.isArray(list) ? list : []).flatMap((one) =>
    readCertificates(Buffer.from(String(fieldOf(one, "crt") ?? ""), "base64").toString("utf8")),
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
  { session, type, look, pair }: Work,
  { address, to }: Move,
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

async function secretsVersion(session: Session, address: string): Promise<string | null> {
  const version = fieldOf(await spec(session, address, ["get", "secretstatus"]), "version");
  return version === undefined ? null : String(version);
}

/** Changes when a resource is destroyed and made anew, or changed. `null`: it could not be read. */
async function stamp(session: Session, address: string, words: readonly string[]): Promise<string | null> {
  const reply = await session.ask(address, [...words, "-o", "yaml"]);
  if (!reply.ok) return null;
  try {
    const [first] = readResources(reply.stdout);
    return first === undefined || first.created === "" ? null : `${first.created} ${first.version}`;
  } catch {
    return null;
  }
}

/** What the step rests on still holds: everybody knows the new CA before it signs, and uses it before the old one goes. */
export async function proveBefore(work: Work): Promise<void> {
  const { session, type, from, to, keys, pair } = work;
  if (to === "rollback" || from === "rollback" || (to !== "update_servers" && to !== "standby")) return;
  const trust = to === "standby" ? pair.next.pem : pair.old.pem + pair.next.pem;
  const problem =
    type === "talos"
      ? await everywhere(work, await clientOf(session, keys.next, trust), [undefined])
      : await kubernetesReady(work, await kubeconfigFor(session, work.look));
  if (problem === null) return;
  throw new Failure("refused", `${type} cannot leave ${from}: ${problem}`, {
    hint: "nothing was changed; every machine has to follow first",
  });
}

/** Proves of all machines together what the phase promises (reference 2.2, "leave guard"). */
export async function proveCluster(work: Work): Promise<void> {
  const problem = work.type === "talos" ? await talosPromise(work) : await kubernetesPromise(work);
  if (problem === null) return;
  throw new Failure("refused", `${work.type} is not in ${work.to} yet: ${problem}`, {
    hint: "every machine was changed; running capstan again looks again and goes on",
  });
}

async function talosPromise(work: Work): Promise<string | null> {
  const { session, to, from, keys, pair } = work;
  const both = pair.old.pem + pair.next.pem;
  const goesBack = to === "rollback" || from === "rollback";
  const client = goesBack
    ? await clientOf(session, keys.old, to === "rollback" ? both : pair.old.pem)
    : await clientOf(session, keys.next, to === "standby" ? pair.next.pem : both);
  const allowed = await everywhere(work, client);
  if (allowed !== null || to !== "standby") return allowed;
  const gone = await clientOf(session, goesBack ? keys.next : keys.old, both);
  if (gone !== null && client !== null) return await refusedEverywhere(work, gone, client);
  work.progress(NOT_TRIED);
  return null;
}

/** A rotation that git no longer declares: its next key is in the history only. */
const NOT_TRIED =
  "the key of the CA that was dropped is not at hand: that its clients are refused was not tried";

/** On every machine directly, and through every control plane: their own certificates have to fit too. */
async function everywhere(
  work: Work,
  client: TalosClient | null,
  endpoints: readonly Via[] = everyWay(work),
): Promise<string | null> {
  const { session } = work;
  if (client === null) return null;
  return await onEveryMachine(work, endpoints, async (address, via) => {
    const reply = await session.as(client, address, VERSION, via);
    return reply.ok ? null : `a client of this stage is refused by ${place(address, via)} (${saidBy(reply)})`;
  });
}

/**
 * The opposite, of a client that must not be accepted any more. A refusal cannot be told from a connection that
 * something else cut off (reference talos-rotation 3.6), so it only counts where the same way answers a client of the
 * CA that stays right after; and without an alert it has to happen twice, as a machine restarts once.
 */
async function refusedEverywhere(
  work: Work,
  gone: TalosClient,
  control: TalosClient,
): Promise<string | null> {
  const { session } = work;
  return await onEveryMachine(work, everyWay(work), async (address, via) => {
    for (let look = 1; ; look += 1) {
      const reply = await session.as(gone, address, VERSION, via);
      const where = place(address, via);
      if (reply.ok) return `a client of the CA that was dropped is still accepted by ${where}`;
      const { kind } = reply.error;
      if (kind !== "client-rejected" && kind !== "cut-off") {
        return `it cannot be told whether ${where} refuses the CA that was dropped (${saidBy(reply)})`;
      }
      const answer = await session.as(control, address, VERSION, via);
      if (!answer.ok) return `a client of this stage is refused by ${where} (${saidBy(answer)})`;
      if (kind === "client-rejected" || look === 2) return null;
    }
  });
}

const VERSION = ["version", "--json"] as const;

/** `undefined`: as every other call to that machine. */
type Via = string | undefined;

function everyWay({ session }: Work): readonly Via[] {
  return [undefined, ...session.connection.endpoints];
}

function place(address: string, via: Via): string {
  return via === undefined ? address : `${address} through ${via}`;
}

function saidBy(reply: Extract<Reply, { readonly ok: false }>): string {
  return reply.error.failure.message;
}

async function onEveryMachine(
  work: Work,
  endpoints: readonly Via[],
  look: (address: string, via: Via) => Promise<string | null>,
): Promise<string | null> {
  const problems = await Promise.all(
    work.look.machines.map(({ address }) =>
      work.session.until(
        async () => {
          for (const via of endpoints) {
            const problem = await look(address, via);
            if (problem !== null) return problem;
          }
          return null;
        },
        within(work, CERTIFICATES_MS),
      ),
    ),
  );
  return problems.find((problem) => problem !== null) ?? null;
}

async function kubernetesReady(work: Work, kubeconfig: string): Promise<string | null> {
  const { session } = work;
  const { path } = await openKubectl(session, kubeconfig);
  return await session.until(
    async () => {
      const facts = await kubernetesFacts(session, path);
      if (facts.state === "unread") return facts.problem;
      return facts.notReady.length === 0 ? null : `${facts.notReady.join(", ")} not Ready`;
    },
    within(work, RESTART_MS),
  );
}

async function kubernetesPromise(work: Work): Promise<string | null> {
  const { session, look, to, from, pair, keys } = work;
  const signer = to === "update_servers" || (to === "standby" && from !== "rollback") ? pair.next : pair.old;
  const text = await kubeconfigFor(session, look);
  const ready = await kubernetesReady(work, text);
  if (ready !== null) return ready;
  const { path } = await openKubectl(session, text);
  const published = await session.until(
    async () => {
      const root = await rootAuthority(session, path);
      if (typeof root === "string") return root;
      return root.some(({ fingerprint }) => fingerprint === signer.fingerprint)
        ? null
        : "kube-root-ca.crt does not carry the CA that signs now";
    },
    within(work, PUBLISH_MS),
  );
  if (published !== null || to !== "standby") return published;
  const gone = from === "rollback" ? keys.next : keys.old;
  if (gone === null) {
    work.progress(NOT_TRIED);
    return null;
  }
  const client = await makeClient(gone, {
    organization: "system:masters",
    commonName: "admin",
    now: session.now(),
  });
  const refused = await openKubectl(session, withKubeChange(text, { client }));
  for (const server of apiServersOf(look)) {
    const { address } = server;
    const problem = await session.until(
      async () => {
        const answer = await refuses(session, refused.path, server);
        if (answer === true) return null;
        return answer === false
          ? `the API server of ${address} still accepts a client of the CA that was dropped`
          : answer;
      },
      within(work, CERTIFICATES_MS),
    );
    if (problem !== null) return problem;
  }
  return null;
}
