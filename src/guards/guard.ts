import type { ClusterResource, RotationResource } from "../resources/model/desired.ts";
import type { TrustConsumer } from "../resources/model/trust-consumer.ts";
import type { ClusterObservation, LiveAuthority } from "../rotation/observation.ts";
import type { Edge } from "../rotation/phase.ts";
import type { Finding, GuardId } from "../rotation/plan.ts";
import type { ClusterRecord, RotationRecord } from "../rotation/record.ts";
import type { OverrideOutlooks } from "../teleport/overrides/outlook.ts";

/**
 * A guard refuses a step. It is a function of what is known now, so that a plan shows exactly what apply will
 * say; apply asks it again right before the step.
 */
export interface Guard {
  readonly id: GuardId;
  /** What it refuses, as a sentence for `docs` and messages. */
  readonly refuses: string;
  /** Some findings may be accepted by review; a wrong phase or somebody else's rotation may not. */
  readonly waivable: boolean;
  appliesTo(input: GuardInput): boolean;
  judge(input: GuardInput): Judgement;
}

export interface GuardInput {
  readonly cluster: ClusterResource;
  readonly observation: ClusterObservation;
  readonly authority: LiveAuthority;
  /** `null` when no resource declares the rotation any more: it is being rolled back. */
  readonly rotation: RotationResource | null;
  readonly record: RotationRecord | undefined;
  /** Everything that is remembered of the cluster; absent: nothing is. */
  readonly past?: ClusterRecord;
  /** What git says trusts the authority outside the cluster. */
  readonly consumers: readonly TrustConsumer[];
  /** The move that is asked for. `from` equal to `to` asks whether the phase holds. */
  readonly edge: Edge;
  /** Rotations of the cluster that the same run takes before this one. */
  readonly ahead?: readonly Ahead[] | undefined;
  /** Externally signed certificates; absent when nobody looked, which is not the same as none. */
  readonly overrides?: OverrideOutlooks | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A rotation of the same cluster whose turn comes first in a run, with what the plan has it do. */
export interface Ahead {
  readonly rotation: string;
  /** Authorities that it starts to rotate. */
  readonly starts: readonly string[];
  /** Authorities that are back in standby when its turn is over. */
  readonly ends: readonly string[];
  /** Id of its last step in the plan. */
  readonly step: string;
}

export type Judgement =
  | { readonly outcome: "pass"; readonly pending?: true }
  | { readonly outcome: "fail" | "unknown"; readonly findings: readonly Finding[] };

const PASS: Judgement = { outcome: "pass" };

/** Fails when there is something to say. */
export function failWith(findings: readonly Finding[]): Judgement {
  return findings.length === 0 ? PASS : { outcome: "fail", findings };
}

/** Passes when all before it in the plan goes as planned; asked again then. */
export const PENDING: Judgement = { outcome: "pass", pending: true };

/** What nobody knows at the end of a rollback its own approval can take on (design, section 3). */
export function approvableAtTheEnd({ from, to }: Edge): { readonly approvable?: true } {
  return from === "rollback" && to === "standby" ? { approvable: true } : {};
}

export function unknown(finding: Finding): Judgement {
  return { outcome: "unknown", findings: [finding] };
}

/** A move towards the new key; rollback and what follows it is the way out, and stays open. */
export function isForward({ from, to }: Edge): boolean {
  return from !== "rollback" && to !== "rollback";
}

/** A move that leaves a phase of a rotation in progress. */
export function leavesMiddlePhase({ from, to }: Edge): boolean {
  return from !== "standby" && from !== to;
}
