import type { ClusterObservation } from "../profile/profile.ts";
import type { Acknowledgement, ClusterResource, RotationResource } from "../resources/model/desired.ts";
import type { TrustConsumer } from "../resources/model/trust-consumer.ts";
import { wouldBeUnused } from "../rotation/evidence.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ChecklistItem } from "../rotation/plan.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { endOfRollback } from "../rotation/way-back.ts";
import { checklistFor } from "./checklist.ts";
import { type Proof, proofsOf } from "./proof.ts";
import type { ChecklistStep } from "./step.ts";
import { tickChecklist } from "./tick.ts";

/** What the state of the work depends on. */
export interface WorkInput {
  readonly cluster: ClusterResource;
  readonly observation: ClusterObservation;
  /** `null` when no resource declares the rotation any more: then nobody can have stated anything. */
  readonly rotation: RotationResource | null;
  readonly record: RotationRecord | undefined;
  /** What git says trusts the CA, or shows certificates of it. */
  readonly consumers: readonly TrustConsumer[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** One step of the table with everything that is known about it. */
export interface Work {
  readonly step: ChecklistStep;
  readonly proofs: readonly Proof[];
  readonly acknowledgement: Acknowledgement | null;
  readonly item: ChecklistItem;
}

/** The work of one CA type in one phase, ticked by probes and by what people stated. */
export function workOf(type: string, phase: Phase, input: WorkInput): readonly Work[] {
  const { observation, rotation, record, now } = input;
  const { readAs, isUnused } = wayBackOf(type, phase, input);
  const steps = checklistFor(observation.profile, type, readAs, observation.versions.server).filter(
    ({ onlyWith, ofUse }) => (onlyWith === null || hasPeers(input)) && !(ofUse && isUnused),
  );
  const ticked = tickChecklist(steps, rotation?.acknowledge ?? [], {
    profile: observation.profile,
    types: rotation?.authorities.map((authority) => authority.type) ?? [type],
    now: new Date(now).toISOString(),
    startedAt: record?.started_at ?? null,
  });
  return ticked.steps.map(({ step, acknowledgement }) => {
    const proofs = proofsOf(step, input.consumers, observation.surroundings?.consumers ?? []);
    return { step, proofs, acknowledgement, item: itemOf(step, proofs, acknowledgement) };
  });
}

/**
 * Of a rollback: whether the new key was ever used, and whose work it is. Where the key sets say that the old key goes
 * at its end, whatever its name says, it is the work of the last phase before that.
 */
function wayBackOf(
  type: string,
  phase: Phase,
  { observation, rotation, record }: WorkInput,
): { readonly readAs: Phase; readonly isUnused: boolean } {
  const live = observation.authorities.find((authority) => authority.type === type);
  if (phase !== "rollback" || live === undefined) return { readAs: phase, isUnused: false };
  const declared = rotation?.authorities.find((authority) => authority.type === type)?.retire;
  const end = endOfRollback(record?.retire ?? declared ?? [], live, observation);
  if (end === "old-key-goes") return { readAs: "update_servers", isUnused: false };
  return {
    readAs: phase,
    isUnused: end === "new-key-goes" && wouldBeUnused(record, live, observation.profile),
  };
}

function hasPeers({ cluster, observation }: WorkInput): boolean {
  const { remoteClusters, copies } = observation;
  return cluster.peers.length + remoteClusters.length + copies.length > 0;
}

function itemOf(
  step: ChecklistStep,
  proofs: readonly Proof[],
  acknowledgement: Acknowledgement | null,
): ChecklistItem {
  return {
    id: step.id,
    do: step.what,
    why: step.why,
    verify: step.verify,
    commands: step.helps.flatMap((help) => (help.kind === "command" ? [help.line] : [])),
    artifacts: step.helps.flatMap((help) => (help.kind === "artifact" ? [help.path] : [])),
    required: isRequired(step, proofs),
    ...tick(proofs, acknowledgement),
  };
}

function isRequired({ binding }: ChecklistStep, proofs: readonly Proof[]): boolean {
  switch (binding) {
    case "always":
      return true;
    case "with-consumers":
      return proofs.length > 0;
    case "advice":
      return false;
  }
}

/** Probes tick a step when all consumers prove it. A statement ticks what they cannot see, never what they refute. */
function tick(
  proofs: readonly Proof[],
  acknowledgement: Acknowledgement | null,
): Pick<ChecklistItem, "state" | "by" | "note"> {
  if (proofs.length > 0 && proofs.every(({ verdict }) => verdict === "proven")) {
    return { state: "done", by: "probe", note: proofs.map(({ consumer }) => consumer.name).join(", ") };
  }
  if (acknowledgement === null) return { state: "open", by: null, note: null };
  const refuting = proofs.filter(({ verdict }) => verdict === "refuted");
  if (refuting.length > 0) {
    const names = refuting.map(({ consumer }) => consumer.name).join(", ");
    return { state: "open", by: null, note: `stated by ${acknowledgement.who}, refuted by ${names}` };
  }
  const note = [acknowledgement.note, acknowledgement.evidence].filter((text) => text !== null).join("; ");
  return { state: "done", by: acknowledgement.who, note: note === "" ? null : note };
}
