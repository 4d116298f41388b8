import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Failure } from "../../failure.ts";
import { fieldOf } from "../../foreign-value.ts";
import type { RotationResource } from "../../resources/model/desired.ts";
import { TALOS_TYPES, type TalosType } from "../../rotation/authority-type.ts";
import {
  type ClusterObservation,
  type Credentials,
  KIND_OF_TYPE,
  type LiveAuthority,
  type LiveComponent,
  type Versions,
} from "../../rotation/observation.ts";
import type { ClusterRecord } from "../../rotation/record.ts";
import { type CaCertificate, readCertificate, readCertificates } from "../../talos/certificate.ts";
import { type ClusterPhase, clusterPhase, type Memory, machinePhase } from "../../talos/cluster-phase.ts";
import { tryEdits } from "../../talos/edit-trial.ts";
import type {
  FoundMachine,
  KeyCustody,
  KubernetesFacts,
  TalosFacts,
  TalosMachine,
  TalosMember,
} from "../../talos/facts.ts";
import type { MachineType } from "../../talos/machine-config.ts";
import { foreignTo, hasDuplicates, type NodeState, nodeState } from "../../talos/node-state.ts";
import { type KnownRotation, knownRotation } from "../../talos/rotation-keys.ts";
import { readKey } from "../authority-key.ts";
import type { ObserveScope } from "../platform.ts";
import { clientFileProblems } from "./client-files.ts";
import { custodyProblems, nextKey, oldKey } from "./custody.ts";
import {
  type ApiServer,
  fetchKubeconfig,
  kubernetesFacts,
  openKubectl,
  readyz,
  serverUrl,
  withServerOf,
} from "./kubernetes.ts";
import { isOmni, lookAtMachine, type MachineTexts, readMachine } from "./machine.ts";
import { makeClient } from "./make-client.ts";
import { readResources, type Session } from "./session.ts";
import { readTalosconfig, type TalosClient, type TalosContext } from "./talosconfig.ts";

/** A look at all machines: what was understood of them, beside the texts that only a change needs. */
export interface Look {
  readonly record: ClusterRecord;
  readonly machines: readonly SeenMachine[];
  readonly known: Readonly<Record<TalosType, KnownRotation | null>>;
}

interface SeenMachine {
  readonly address: string;
  readonly machineType: MachineType;
  readonly texts: MachineTexts | null;
  readonly problem: string | null;
}

/** Reads the configurations of all machines, and tells which rotation they are in. */
export async function lookAtMachines(session: Session, cluster: string): Promise<Look> {
  const { connection, around } = session;
  const record = await around.record.load(cluster);
  const context = await openContext(session);
  await offerIdentities(session, context, record);
  const inventory: readonly (readonly [string, MachineType])[] = [
    ...connection.controlPlanes.map((address) => [address, "controlplane"] as const),
    ...connection.workers.map((address) => [address, "worker"] as const),
  ];
  const machines = await Promise.all(
    inventory.map(async ([address, machineType]): Promise<SeenMachine> => {
      const read = await readMachine(session, address);
      if (typeof read === "string") return { address, machineType, texts: null, problem: read };
      if (read instanceof Failure) return { address, machineType, texts: null, problem: read.message };
      return { address, machineType, texts: read, problem: null };
    }),
  );
  const rotations = rotationsOf(session, cluster);
  const of = (type: TalosType) => knownRotation(type, configured(machines, type), rotations, record);
  return { record, machines, known: { talos: of("talos"), kubernetes: of("kubernetes") } };
}

function configured(machines: readonly SeenMachine[], type: TalosType) {
  return machines.flatMap(({ texts }) => (texts === null ? [] : [texts.config.authorities[type]]));
}

function rotationsOf({ around }: Session, cluster: string): readonly RotationResource[] {
  return around.rotations.filter((rotation) => rotation.cluster === cluster);
}

export async function openContext({ connection }: Session): Promise<TalosContext> {
  const context = await readTalosconfig(connection.talosconfig, connection.context);
  if (context === null) {
    throw new Failure("denied", `there is no talosconfig ${connection.talosconfig}`, {
      hint: "spec.talos.talosconfig names the client configuration that capstan uses",
    });
  }
  if (!context.omni) return context;
  throw new Failure("refused", `the talosconfig ${connection.talosconfig} belongs to an Omni cluster`, {
    hint: "Omni rotates the CAs of its clusters itself: use omnictl. Nothing was changed",
  });
}

/**
 * Whom capstan can be towards a machine, whichever state it is in (reference talos-rotation 2.3, 5): the person's own
 * client, what was written for this phase, and clients made with the keys at hand. All of them trust the old and the
 * new CA: who is believed is proven elsewhere, with exactly one CA.
 */
async function offerIdentities(
  session: Session,
  context: TalosContext,
  record: ClusterRecord,
): Promise<void> {
  const { connection, around } = session;
  const written =
    connection.clients.talosconfig === null || connection.clients.talosconfig === connection.talosconfig
      ? null
      : await readTalosconfig(connection.clients.talosconfig, context.name).catch(() => null);
  const declared = around.rotations
    .flatMap(({ authorities }) => authorities)
    .filter(({ type }) => type === "talos")
    .flatMap(({ next }) => (next === undefined ? [] : [next]));
  const kept = record.talos?.findLast(({ authority }) => authority === "talos") ?? null;
  const ca = bundle([
    ...readCertificates(context.ca),
    ...readCertificates(written?.ca ?? ""),
    ...declared.map(({ certificate }) => readCertificate(certificate)),
    ...(kept === null ? [] : [kept.old_certificate, kept.next_certificate].map(readCertificate)),
  ]);
  const made = (key: () => Promise<{ certificate: string; key: string | null } | null>) =>
    once(async (): Promise<TalosClient | null> => {
      const signing = await key().catch(() => null);
      if (signing?.key == null) return null;
      return {
        ca,
        ...(await makeClient({ certificate: signing.certificate, key: signing.key }, admin(session))),
      };
    });
  session.offer([
    async () => ({ ...context, ca }),
    async () => (written === null ? null : { ...written, ca }),
    ...declared.map((next) =>
      made(async () => ({
        certificate: next.certificate,
        key: await nextKey(asKnown(next), around, "talos"),
      })),
    ),
    made(async () =>
      kept === null
        ? null
        : { certificate: kept.old_certificate, key: await oldKey({ ...NOTHING_KNOWN, kept }, around) },
    ),
  ]);
}

const NOTHING_KNOWN: KnownRotation = {
  keys: { old: "sha256:", next: null },
  next: null,
  kept: null,
  declared: null,
  goesBack: false,
};

function asKnown(next: NonNullable<NonNullable<KnownRotation["declared"]>["next"]>): KnownRotation {
  return { ...NOTHING_KNOWN, declared: { type: "talos", retire: [], next } };
}

/** An administrator, as `os:admin` is spelled in a certificate (reference 3.5). */
export function admin(session: Session) {
  return { organization: "os:admin", now: session.now() } as const;
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** Each certificate once, each with its line feed. */
function bundle(certificates: readonly CaCertificate[]): string {
  return [...new Set(certificates.map(({ pem }) => pem))].join("");
}

/** What of a rotation the record knows and machines cannot show. */
function memoryOf(known: KnownRotation | null): Memory {
  return { goesBack: known?.goesBack ?? false, reached: known?.kept?.reached ?? null };
}

/** The states of the machines that answered, in the order of the inventory. */
export function statesOf(look: Look, type: TalosType): readonly { address: string; state: NodeState }[] {
  const known = look.known[type];
  return look.machines.flatMap(({ address, texts }) =>
    texts === null || known === null
      ? []
      : [{ address, state: nodeState(texts.config.authorities[type], known.keys) }],
  );
}

export function phaseOf(look: Look, type: TalosType): ClusterPhase {
  return clusterPhase(statesOf(look, type), memoryOf(look.known[type]));
}

export async function observeTalos(
  session: Session,
  cluster: string,
  scope: ObserveScope,
): Promise<ClusterObservation> {
  const look = await lookAtMachines(session, cluster);
  const base = scope.components === "all" ? null : scope.base;
  const [found, members, keys, kubernetes, client, clientFiles, credentials] = await Promise.all([
    Promise.all(look.machines.map((machine) => findMachine(session, machine, look, base))),
    base?.talos?.members ?? listMembers(session, look),
    custody(session, look),
    base?.talos?.kubernetes ?? lookAtKubernetes(session, look),
    base?.versions.client ?? clientVersion(session),
    openContext(session).then(({ name }) => clientFileProblems(session, name)),
    readCredentials(session, look),
  ]);
  const facts: TalosFacts = { machines: found, members, keys, kubernetes, clientFiles };
  const versions = versionsOf(client, found);
  const answered = look.machines.some(({ texts }) => texts !== null);
  if (!answered) throw noneAnswered(cluster, look);
  return {
    cluster,
    platform: "talos",
    observedAt: session.now().toISOString(),
    versions,
    authorities: (await Promise.all(TALOS_TYPES.map((type) => authorityOf(look, type, cluster)))).flat(),
    copies: [],
    components: TALOS_TYPES.flatMap((type) => componentsOf(look, found, type)),
    remoteClusters: [],
    credentials,
    unread: [],
    talos: facts,
  };
}

function noneAnswered(cluster: string, { machines }: Look): Failure {
  const [first] = machines;
  return new Failure(
    "executable",
    `no machine of ${cluster} answers: ${first?.problem ?? "the inventory is empty"}`,
    {
      hint: "check spec.talos: talosconfig, endpoints and the addresses of the inventory",
    },
  );
}

async function findMachine(
  session: Session,
  { address, machineType, texts, problem }: SeenMachine,
  look: Look,
  base: ClusterObservation | null,
): Promise<TalosMachine> {
  if (texts === null) return { address, machineType, problem, found: null };
  const before = base?.talos?.machines.find((machine) => machine.address === address)?.found;
  const state = (type: TalosType): NodeState => {
    const known = look.known[type];
    return known === null ? "SX" : nodeState(texts.config.authorities[type], known.keys);
  };
  const strangers = (type: TalosType) => {
    const known = look.known[type];
    const all = known === null ? [] : foreignTo(texts.config.authorities[type], known.keys);
    return all.map(({ fingerprint }) => fingerprint);
  };
  const found: FoundMachine = {
    machineType: texts.config.machineType,
    ...(before ?? (await lookAtMachine(session, address))),
    pending: texts.pending,
    states: { talos: state("talos"), kubernetes: state("kubernetes") },
    foreign: { talos: strangers("talos"), kubernetes: strangers("kubernetes") },
    edits: before?.edits ?? triedEdits(texts, look),
    duplicates: TALOS_TYPES.filter((type) => hasDuplicates(texts.config.authorities[type])),
    omni: isOmni(texts.active),
  };
  return { address, machineType, problem: null, found };
}

/** On the configuration that lasts, as that is what a transition edits. */
function triedEdits({ persistent, config }: MachineTexts, look: Look): NonNullable<FoundMachine["edits"]> {
  return Object.fromEntries(
    TALOS_TYPES.flatMap((type) => {
      const known = look.known[type];
      const next = known?.next ?? null;
      if (known === null || next === null) return [];
      const { issuing, accepted } = config.authorities[type];
      const kept = known.kept === null ? [] : [readCertificate(known.kept.old_certificate)];
      const all = [...(issuing === null ? [] : [issuing]), ...accepted, ...kept, ...seenBy(look, type)];
      const old = all.find(({ fingerprint }) => fingerprint === known.keys.old);
      // Without the old certificate nothing can be led back; the guard of the keys says so.
      return old === undefined ? [] : [[type, tryEdits(persistent, type, { old, next })]];
    }),
  );
}

function seenBy({ machines }: Look, type: TalosType): readonly CaCertificate[] {
  return configured(machines, type).flatMap(({ issuing, accepted }) => [
    ...(issuing === null ? [] : [issuing]),
    ...accepted,
  ]);
}

/** Discovery, as the first control plane that answers sees it. */
async function listMembers(session: Session, { machines }: Look): Promise<readonly TalosMember[] | null> {
  const asked = machines.find(({ machineType, texts }) => machineType === "controlplane" && texts !== null);
  if (asked === undefined) return null;
  const reply = await session.ask(asked.address, ["get", "members", "-o", "yaml"]);
  if (!reply.ok) return null;
  try {
    return readResources(reply.stdout).map(({ id, spec }) => {
      const addresses = fieldOf(spec, "addresses");
      return {
        hostname: String(fieldOf(spec, "hostname") ?? id),
        addresses: Array.isArray(addresses) ? addresses.map(String) : [],
        nodeId: String(fieldOf(spec, "nodeId") ?? ""),
      };
    });
  } catch {
    return null;
  }
}

/** Of the rotations that are declared or under way; without one no key has to be anywhere. */
async function custody(session: Session, { known }: Look): Promise<readonly KeyCustody[]> {
  const { around, connection } = session;
  const all = await Promise.all(
    TALOS_TYPES.map(async (authority) => {
      const rotation = known[authority];
      if (rotation === null || (rotation.declared === null && rotation.kept === null)) return [];
      return [{ authority, ...(await custodyProblems(authority, rotation, around, connection.recipients)) }];
    }),
  );
  return all.flat();
}

async function lookAtKubernetes(session: Session, look: Look): Promise<KubernetesFacts> {
  try {
    const kubectl = await openKubectl(session, await kubeconfigFor(session, look));
    const [facts, silent] = await Promise.all([
      kubernetesFacts(session, kubectl.path),
      silentServers(session, kubectl.path, look),
    ]);
    return facts.state === "read" ? { ...facts, silent } : facts;
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "interrupted") throw error;
    return { state: "unread", problem: error.message };
  }
}

/** What every step will ask: the API server of each control plane, at its own address and port. */
async function silentServers(session: Session, kubeconfig: string, look: Look) {
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
export function apiServersOf({ machines }: Look): readonly ApiServer[] {
  return machines.flatMap(({ address, machineType, texts }) =>
    machineType === "controlplane" && texts !== null ? [{ address, port: texts.config.apiServerPort }] : [],
  );
}

/** Fetched from the first control plane that answers; the server is the one of the kubeconfig that is named. */
export async function kubeconfigFor(session: Session, { machines }: Look, from?: string): Promise<string> {
  const asked =
    from ??
    machines.find(({ machineType, texts }) => machineType === "controlplane" && texts !== null)?.address;
  if (asked === undefined)
    throw new Failure("executable", "no control plane answers, so there is no kubeconfig");
  const fetched = await fetchKubeconfig(session, asked);
  const named = session.connection.kubeconfig;
  if (named === null) return fetched;
  const text = await readFile(named, "utf8").catch(() => null);
  return text === null ? fetched : withServerOf(text, fetched);
}

async function clientVersion(session: Session): Promise<string> {
  const printed = await session.offline(["version", "--client", "--short"]);
  const version = /\bv?(\d+\.\d+\.\d+\S*)/.exec(printed)?.[0];
  if (version !== undefined) return version;
  throw new Failure("executable", "talosctl version --client does not say its version", {
    hint: "check that spec.talos.talosctl names talosctl",
  });
}

/** The newest of the machines: an older talosctl may not know what it says. */
function versionsOf(client: string, machines: readonly TalosMachine[]): Versions {
  const versions = machines.flatMap(({ found }) => found?.version ?? []);
  const newest = versions.toSorted((left, right) => compare(right, left))[0];
  return { client, server: newest ?? null };
}

function compare(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}

async function readCredentials(session: Session, look: Look): Promise<Credentials> {
  const { connection } = session;
  const context = await openContext(session);
  const path = connection.talosconfig;
  const nothing = { source: "identity-file", path, notAfter: null, trusts: [] } as const;
  try {
    const certificate = new X509Certificate(context.crt);
    const roles = (certificate.subject ?? "").split("\n").flatMap((part) => /^O=(.*)$/.exec(part)?.[1] ?? []);
    const signers = [...readCertificates(context.ca), ...seenBy(look, "talos")].filter(({ pem }) =>
      certificate.verify(new X509Certificate(pem).publicKey),
    );
    return {
      source: "identity-file",
      path,
      problem: roles.includes("os:admin")
        ? null
        : `its user has the roles ${roles.join(", ") || "none"}, and os:admin is needed`,
      notAfter: certificate.validToDate.toISOString(),
      trusts: readCertificates(context.ca).map(({ fingerprint }) => fingerprint),
      signedBy: [...new Set(signers.map(({ fingerprint }) => fingerprint))],
    };
  } catch {
    return { ...nothing, problem: "holds no client certificate that can be read" };
  }
}

/** Foreign accepted CAs are nobody's rotation, and are left out: the machines keep them all the same. */
async function authorityOf(look: Look, type: TalosType, cluster: string): Promise<readonly LiveAuthority[]> {
  const known = look.known[type];
  if (known === null) return [];
  const { old, next } = known.keys;
  const all = configured(look.machines, type);
  const signing = unique(
    all.flatMap(({ issuing, accepted }) => {
      const first = accepted.find(({ fingerprint }) => fingerprint === old || fingerprint === next);
      return issuing ?? first ?? accepted[0] ?? [];
    }),
  );
  const beside = unique(all.flatMap(({ accepted }) => accepted)).filter(
    ({ fingerprint }) =>
      (fingerprint === old || fingerprint === next) &&
      !signing.some((active) => active.fingerprint === fingerprint),
  );
  const { state, phase, towards } = phaseOf(look, type);
  return [
    {
      type,
      cluster,
      active: await Promise.all(signing.map(keyOf)),
      trusted: await Promise.all(beside.map(keyOf)),
      rotation: {
        state,
        phase,
        towards,
        mode: state === "standby" ? null : "manual",
        // Talos counts no rotations: the CA that comes names it.
        currentId: next,
        started: null,
        lastRotated: null,
        gracePeriod: null,
        schedule: null,
      },
    },
  ];
}

function unique(certificates: readonly CaCertificate[]): readonly CaCertificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint, one])).values()];
}

function keyOf({ pem }: CaCertificate) {
  return readKey("tls", pem, "machines");
}

/** Each machine once per CA, in the phase that its own configuration shows. */
function componentsOf(look: Look, found: readonly TalosMachine[], type: TalosType): readonly LiveComponent[] {
  const cluster = phaseOf(look, type);
  return found.flatMap((machine) => {
    if (machine.found === null) return [];
    return [
      {
        kind: KIND_OF_TYPE[type],
        id: machine.address,
        name: machine.address,
        phase: machinePhase(machine.found.states[type], cluster),
        currentId: look.known[type]?.keys.next ?? null,
        version: machine.found.version,
        expires: null,
      },
    ];
  });
}
