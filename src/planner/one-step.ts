import { isoTime } from "../iso-time.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { begin } from "../record/changes/begin.ts";
import { spending } from "../record/changes/intended.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import type { Edge } from "../rotation/phase.ts";
import { COVERS_ONE_STEP, type Finding, type GuardVerdict } from "../rotation/plan.ts";
import { openRotation, type RotationRecord } from "../rotation/record.ts";

/** Where the walk begins, and how its steps are judged by a record. */
export interface WalkStart {
  readonly live: LiveAuthority;
  readonly memory: RotationRecord | undefined;
  readonly observation: ClusterObservation;
  readonly now: number;
  readonly judge: (edge: Edge, memory: RotationRecord | undefined) => readonly GuardVerdict[];
}

/**
 * What is known already of the steps that come after the first one: where a waiver of time lets a step through, those
 * after it do without, and their guards of time are judged as they will be right after it. The rest is judged then.
 */
export function judgedWithoutWaivers(
  edges: readonly Edge[],
  guards: readonly GuardVerdict[],
  start: WalkStart,
): readonly (readonly GuardVerdict[])[] {
  let memory = remembered(start);
  let before = guards;
  const waived = new Set<string>();
  return edges.slice(1).map((edge, index) => {
    const taken = edges[index];
    if (memory === undefined || taken === undefined) return [];
    for (const { id } of before.filter(usesUp)) waived.add(id);
    if (waived.size === 0) return [];
    memory = reached(spending(memory, { ...taken, guards: before }), taken, start.now);
    before = start
      .judge(edge, memory)
      .filter(({ id, outcome, waived: used }) => waived.has(id) && (outcome !== "pass" || used.length > 0))
      .map((verdict) => (verdict.id === "soak" ? beginsThen(verdict, edge) : verdict));
    return before;
  });
}

function usesUp({ id, waived }: GuardVerdict): boolean {
  return COVERS_ONE_STEP.includes(id) && waived.length > 0;
}

function remembered({ live, memory, observation, now }: WalkStart): RotationRecord | undefined {
  if (memory !== undefined) return memory;
  const nothing = { format_version: "1.0", cluster: observation.cluster, rotations: [] } as const;
  // Whose rotation it is, no guard of time asks.
  const rotation = { name: "", content: "", retire: [] };
  return openRotation(begin(nothing, rotation, live, observation, isoTime(now)), live.type);
}

/** As the record will be: no sooner than now is the phase entered, and its soak time runs from then on. */
function reached(memory: RotationRecord, { to }: Edge, now: number): RotationRecord {
  return { ...memory, phases: [...memory.phases, { phase: to, since: isoTime(now), verified_at: null }] };
}

/** Nobody knows yet when that is. */
function beginsThen(verdict: GuardVerdict, { from }: Edge): GuardVerdict {
  const later = <Found extends Finding>(finding: Found): Found => ({
    ...finding,
    message: `its soak time in ${from} begins when it gets there`,
    remedy: "apply again after that time",
  });
  return { ...verdict, findings: verdict.findings.map(later), waived: verdict.waived.map(later) };
}
