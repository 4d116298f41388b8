import { checksOfAuthority } from "../checks/due.ts";
import { type Exercise, exerciseSubject, exercisesOf } from "../checks/exercise.ts";
import { type JudgedCheck, judgeCheck } from "../checks/judge.ts";
import { evidenceText } from "../checks/words.ts";
import { kindOfCheck } from "../profile/check-kind.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { CheckResult } from "../rotation/check-result.ts";
import type { ExercisePlan } from "../rotation/exercise-plan.ts";
import type { OverridePlan } from "../rotation/override-plan.ts";
import type { CheckEvidence, CheckPlan, RotationPlan } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { Member, RotationContext } from "./rotation-member.ts";

/** What is known of the checks that the CAs of a rotation can break, each once; nothing where there are none. */
export function checkPlans(
  members: readonly Pick<Member, "live" | "memory">[],
  { cluster, observation: { profile }, record, now }: RotationContext,
): Pick<RotationPlan, "checks"> {
  const judged = members.flatMap(({ live, memory }) => {
    const judgedBy = { past: record, record: memory, authority: live.type, phase: live.rotation.phase };
    return checksOfAuthority(cluster, profile, live.type).map((check) => judgeCheck(check, judgedBy));
  });
  const names = [...new Set(judged.map(({ check }) => check.name))];
  if (names.length === 0) return {};
  const checks = names.flatMap((name) => {
    const same = judged.filter(({ check }) => check.name === name);
    // Of a pair, the half that moved last says whether it was run since.
    const one = same.find(({ state }) => state === "not_yet") ?? same[0];
    return one === undefined ? [] : [checkPlan(one)];
  });
  return { checks };

  function checkPlan({ check, last, baseline, state }: JudgedCheck): CheckPlan {
    const { name, kind, required } = check;
    return {
      name,
      kind,
      speaks_for: kindOfCheck(profile, check)?.speaksFor ?? "",
      state,
      required,
      last: last === null ? null : evidenceOf(last),
      baseline: baseline === null ? null : evidenceOf(baseline),
      evidence: evidenceText({ last, baseline, state }, now),
    };
  }
}

/** Whether the overrides of the keys that sign since update_clients were seen in use. */
export function exercisePlans(
  members: readonly Pick<Member, "live">[],
  { record }: RotationContext,
): Pick<RotationPlan, "exercises"> {
  const exercises = members
    .filter(({ live }) => ["update_clients", "update_servers"].includes(live.rotation.phase))
    .flatMap(({ live }) => exercisesOf(live, record))
    .map(exercisePlan);
  return exercises.length === 0 ? {} : { exercises };
}

/** The same of a CA that does not rotate: until its override was seen in use, its own certificate stays trusted. */
export function exercisesAtRest(
  type: string,
  { authorities }: Pick<ClusterObservation, "authorities">,
  record: ClusterRecord,
): Pick<OverridePlan, "exercises"> {
  const live = authorities.find((one) => one.type === type && one.rotation.phase === "standby");
  const exercises = live === undefined ? [] : exercisesOf(live, record).map(exercisePlan);
  return exercises.length === 0 ? {} : { exercises };
}

function exercisePlan({ enabled: { authority, key }, proof, refused }: Exercise): ExercisePlan {
  return {
    id: exerciseSubject(authority, key),
    authority,
    state: proof === null ? "open" : "done",
    session: proof?.session ?? null,
    at: proof?.at ?? null,
    refused: proof === null ? refused : null,
  };
}

function evidenceOf({ name: _, content: __, ...evidence }: CheckResult): CheckEvidence {
  return evidence;
}
