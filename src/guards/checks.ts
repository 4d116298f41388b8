import { checksOfAuthority, checksOfStep } from "../checks/due.ts";
import { unexercised } from "../checks/exercise.ts";
import { checkFinding, isHolding, judgeCheck } from "../checks/judge.ts";
import type { Guard, GuardInput } from "../profile/profile.ts";
import type { Finding } from "../rotation/plan.ts";
import { failWith, PENDING } from "./judgement.ts";

/**
 * Components say that they follow; whether a person gets in, only somebody who tries it knows. A plan runs nothing: it
 * judges the newest result in the record, and apply runs what is missing before the step (design, section 5).
 */
export const checks: Guard = {
  id: "checks",
  about: "outside",
  refuses:
    "going on while a check of one's own has failed, or could not be run, and, where there are such checks, an end without a session by the new key's override",
  waivable: true,
  subjects: ["check", "override"],
  appliesTo: (input) => checksIn(input).length > 0 || silentOverrides(input).length > 0,
  judge: (input) => {
    const { past, record, authority, edge } = input;
    const memory = { past, record, authority: authority.type, phase: edge.from };
    const judged = checksIn(input).map((check) => judgeCheck(check, memory));
    const silent = silentOverrides(input);
    const starting = edge.from === "standby" && edge.to === "init";
    const holding = judged.filter((one) => isHolding(one, starting));
    const isPending = judged.some(({ state }) => state === "not_yet");
    // Nobody can have exercised anything before its check was run.
    const found = [...holding.map(checkFinding), ...(isPending ? [] : silent)];
    if (holding.some(({ state }) => state === "failed")) return failWith(found);
    if (found.length > 0) return { outcome: "unknown", findings: found };
    return isPending ? PENDING : failWith([]);
  },
};

/**
 * Where a cluster has checks of its own, a session proves an override, and one is asked for whichever CA the checks are
 * about. Where it has none, people try by hand: the plan says that no session was seen, and nothing waits for one.
 */
function silentOverrides({ cluster, authority, past, edge }: GuardInput): readonly Finding[] {
  return (cluster.checks ?? []).length === 0 ? [] : unexercised(authority, past, edge);
}

function checksIn({ cluster, observation: { profile }, authority, edge, record }: GuardInput) {
  const goingBack = edge.from === "rollback" || record?.state === "rolling_back";
  return checksOfStep(checksOfAuthority(cluster, profile, authority.type), edge, goingBack);
}
