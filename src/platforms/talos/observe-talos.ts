import { Failure } from "../../failure.ts";
import { fieldOf } from "../../foreign-value.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { LiveComponent, Versions } from "../../rotation/observation.ts";
import { TALOS_TYPES, type TalosType } from "../../talos/authority-types.ts";
import { machinePhase } from "../../talos/cluster-phase.ts";
import { KIND_OF_TYPE } from "../../talos/component-kinds.ts";
import { tryEdits } from "../../talos/edit-trial.ts";
import type { FoundMachine, KeyCustody, TalosFacts, TalosMachine, TalosMember } from "../../talos/facts.ts";
import { talosFacts } from "../../talos/facts.ts";
import { foreignTo, hasDuplicates, type NodeState, nodeState } from "../../talos/node-state.ts";
import { TALOS } from "../../talos/profile.ts";
import { readCaCertificate } from "../../x509/ca-certificate.ts";
import type { ObserveScope } from "../platform.ts";
import { clientFileProblems } from "./client-files.ts";
import { custodyProblems } from "./custody.ts";
import { openContext } from "./identities-offered.ts";
import { authorityOf } from "./live-authority.ts";
import { lookAtKubernetes } from "./look-at-kubernetes.ts";
import { isOmni, lookAtMachine, type MachineTexts } from "./machine.ts";
import { lookAtMachines, phaseOf, type SeenMachine, seenBy, type TalosLook } from "./seen-machines.ts";
import { readResources, type Session } from "./session.ts";
import { readTalosconfigUser } from "./talosconfig-user.ts";

/** Everything that is known of a cluster of Talos at this moment. Throws a `Failure` when no machine answers. */
export async function observeTalos(
  session: Session,
  cluster: string,
  scope: ObserveScope,
): Promise<ClusterObservation> {
  const look = await lookAtMachines(session, cluster);
  const base = scope.components === "all" ? null : scope.base;
  const before = base === null ? undefined : talosFacts(base);
  const [found, members, keys, kubernetes, client, clientFiles, credentials] = await Promise.all([
    Promise.all(look.machines.map((machine) => findMachine(session, machine, look, before))),
    before?.members ?? listMembers(session, look),
    custody(session, look),
    before?.kubernetes ?? lookAtKubernetes(session, look),
    base?.versions.client ?? clientVersion(session),
    openContext(session).then(({ name }) => clientFileProblems(session, name)),
    readTalosconfigUser(session, look),
  ]);
  const facts: TalosFacts = { machines: found, members, keys, kubernetes, clientFiles };
  const versions = versionsOf(client, found);
  const answered = look.machines.some(({ texts }) => texts !== null);
  if (!answered) throw noneAnswered(cluster, look);
  return {
    cluster,
    profile: TALOS,
    observedAt: session.now().toISOString(),
    versions,
    authorities: (await Promise.all(TALOS_TYPES.map((type) => authorityOf(look, type, cluster)))).flat(),
    copies: [],
    components: TALOS_TYPES.flatMap((type) => componentsOf(look, found, type)),
    remoteClusters: [],
    credentials,
    unread: [],
    facts,
  };
}

function noneAnswered(cluster: string, { machines }: TalosLook): Failure {
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
  look: TalosLook,
  earlier: TalosFacts | undefined,
): Promise<TalosMachine> {
  if (texts === null) return { address, machineType, problem, found: null };
  const before = earlier?.machines.find((machine) => machine.address === address)?.found;
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
function triedEdits(
  { persistent, config }: MachineTexts,
  look: TalosLook,
): NonNullable<FoundMachine["edits"]> {
  return Object.fromEntries(
    TALOS_TYPES.flatMap((type) => {
      const known = look.known[type];
      const next = known?.next ?? null;
      if (known === null || next === null) return [];
      const { issuing, accepted } = config.authorities[type];
      const kept = known.kept === null ? [] : [readCaCertificate(known.kept.old_certificate)];
      const all = [...(issuing === null ? [] : [issuing]), ...accepted, ...kept, ...seenBy(look, type)];
      const old = all.find(({ fingerprint }) => fingerprint === known.keys.old);
      // Without the old certificate nothing can be led back; the guard of the keys says so.
      return old === undefined ? [] : [[type, tryEdits(persistent, type, { old, next })]];
    }),
  );
}

/** Discovery, as the first control plane that answers sees it. */
async function listMembers(
  session: Session,
  { machines }: TalosLook,
): Promise<readonly TalosMember[] | null> {
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
async function custody(session: Session, { known }: TalosLook): Promise<readonly KeyCustody[]> {
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

/** Each machine once per CA, in the phase that its own configuration shows. */
function componentsOf(
  look: TalosLook,
  found: readonly TalosMachine[],
  type: TalosType,
): readonly LiveComponent[] {
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
