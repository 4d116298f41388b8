import { Failure } from "../../failure.ts";
import type { RotationResource } from "../../resources/model/desired.ts";
import type { ClusterRecord } from "../../rotation/record.ts";
import type { TalosType } from "../../talos/authority-types.ts";
import { type ClusterPhase, clusterPhase, type Memory } from "../../talos/cluster-phase.ts";
import type { MachineType } from "../../talos/machine-config.ts";
import { type NodeState, nodeState } from "../../talos/node-state.ts";
import { type KnownRotation, knownRotation } from "../../talos/rotation-keys.ts";
import type { CaCertificate } from "../../x509/ca-certificate.ts";
import { offerIdentities, openContext } from "./identities-offered.ts";
import { type MachineTexts, readMachine } from "./machine.ts";
import type { Session } from "./session.ts";

/** A look at all machines: what was understood of them, beside the texts that only a change needs. */
export interface TalosLook {
  readonly record: ClusterRecord;
  readonly machines: readonly SeenMachine[];
  readonly known: Readonly<Record<TalosType, KnownRotation | null>>;
}

/** One machine of the inventory: its texts, or the problem why there are none. */
export interface SeenMachine {
  readonly address: string;
  readonly machineType: MachineType;
  readonly texts: MachineTexts | null;
  readonly problem: string | null;
}

/** Reads the configurations of all machines, and tells which rotation they are in. */
export async function lookAtMachines(session: Session, cluster: string): Promise<TalosLook> {
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

/** What the machines that answered have configured for one CA. */
export function configured(machines: readonly SeenMachine[], type: TalosType) {
  return machines.flatMap(({ texts }) => (texts === null ? [] : [texts.config.authorities[type]]));
}

function rotationsOf({ around }: Session, cluster: string): readonly RotationResource[] {
  return around.rotations.filter((rotation) => rotation.cluster === cluster);
}

/** What of a rotation the record knows and machines cannot show. */
function memoryOf(known: KnownRotation | null): Memory {
  return { goesBack: known?.goesBack ?? false, reached: known?.kept?.reached ?? null };
}

/** The states of the machines that answered, in the order of the inventory. */
export function statesOf(look: TalosLook, type: TalosType): readonly { address: string; state: NodeState }[] {
  const known = look.known[type];
  return look.machines.flatMap(({ address, texts }) =>
    texts === null || known === null
      ? []
      : [{ address, state: nodeState(texts.config.authorities[type], known.keys) }],
  );
}

/** The phase that the states of all machines add up to. */
export function phaseOf(look: TalosLook, type: TalosType): ClusterPhase {
  return clusterPhase(statesOf(look, type), memoryOf(look.known[type]));
}

/** Every certificate of a CA that any machine has configured, issuing or accepted. */
export function seenBy({ machines }: TalosLook, type: TalosType): readonly CaCertificate[] {
  return configured(machines, type).flatMap(({ issuing, accepted }) => [
    ...(issuing === null ? [] : [issuing]),
    ...accepted,
  ]);
}
