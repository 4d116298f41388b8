import type { Phase } from "../../rotation/phase.ts";
import type { ClusterPlan, GuardVerdict, KeyPlan, Plan, RotationPlan, Step } from "../../rotation/plan.ts";
import type { OverridePlan } from "../../teleport/overrides/override-plan.ts";

/** A step with where it stands: ids alone repeat where two clusters remember a rotation of the same name. */
export interface StepPlace {
  readonly cluster: ClusterPlan;
  readonly rotation: RotationPlan;
  readonly step: Step;
}

export function placesOf(plan: Plan): readonly StepPlace[] {
  return plan.clusters.flatMap((cluster) =>
    cluster.rotations.flatMap((rotation) => rotation.steps.map((step) => ({ cluster, rotation, step }))),
  );
}

/** Identifies a step within one plan. */
export function placeKey({
  cluster,
  step,
}: {
  readonly cluster: { name: string };
  readonly step: Step;
}): string {
  return JSON.stringify([cluster.name, step.id]);
}

/** The calls about the override entries of one CA: they are approved as one. */
export interface OverridePlace {
  readonly cluster: ClusterPlan;
  readonly override: OverridePlan;
}

/** Overrides that the plan would change. */
export function overridePlacesOf(plan: Plan): readonly OverridePlace[] {
  return plan.clusters.flatMap((cluster) =>
    cluster.overrides.filter(({ actions }) => actions.length > 0).map((override) => ({ cluster, override })),
  );
}

/** Identifies the override of a CA within one plan. */
export function overrideKey({ cluster, override }: OverridePlace): string {
  return JSON.stringify([cluster.name, "override", override.authority]);
}

/** What is done about the entries of a CA, in a few words. */
export function overrideTitle({ authority, actions }: OverridePlan): string {
  const purposes = [...new Set(actions.map(({ purpose }) => purpose))];
  return `${authority} override: ${purposes.join(", ")}`;
}

/**
 * `ready`: every guard passes. `blocked`: a guard refuses. `unknown`: a guard cannot tell, which blocks too.
 * `later`: judged when the step before it is done. `waits`: a look only, and apply waits for who is late.
 */
export type Verdict = "ready" | "blocked" | "unknown" | "later" | "waits";

export function verdictOf(step: Step): Verdict {
  const failing = failingGuards(step);
  if (failing.length === 0) return step.after === null ? "ready" : "later";
  if (step.awaited === true) return "waits";
  return failing.some(({ outcome }) => outcome === "fail") ? "blocked" : "unknown";
}

export function failingGuards({ guards }: Step): readonly GuardVerdict[] {
  return guards.filter(({ outcome }) => outcome !== "pass");
}

export function isBlocked(step: Step): boolean {
  const verdict = verdictOf(step);
  return verdict === "blocked" || verdict === "unknown";
}

/** What a step does, in a few words. */
export function stepTitle({ action, authority, from, to }: Step): string {
  return action === "verify" ? `${authority}: wait for ${to}` : `${authority}: ${from} → ${to}`;
}

type KeyStatus = KeyPlan["status"] | "absent";

/** A key with its status before and after a move. */
export interface KeyFate {
  readonly key: KeyPlan;
  readonly before: KeyStatus;
  readonly after: KeyStatus;
}

/** From one phase to another; `undone` is the standby that a rollback ends in. */
export interface Move {
  readonly from: Phase;
  readonly to: Phase | "undone";
}

export function moveOf({ from, to }: Step): Move {
  return { from, to: from === "rollback" && to === "standby" ? "undone" : to };
}

export function wholeMove({ live_phase, desired_phase }: RotationPlan): Move {
  return { from: live_phase, to: desired_phase === "rollback" ? "undone" : desired_phase };
}

/**
 * What a move does to the keys. The new key that init will make is not in the plan yet, as nobody knows it;
 * `makesKey` says that one is coming.
 */
export function keyFates(rotation: RotationPlan, { from, to }: Move) {
  const fates = namingKeys(rotation.keys).map((key): KeyFate => {
    const before = from === rotation.live_phase ? key.status : (statusIn(key, from) ?? key.status);
    const starts = from === "standby" && to === "standby";
    return { key, before, after: (starts ? null : statusIn(key, to)) ?? before };
  });
  const known = rotation.keys.some(({ role }) => role === "introduced");
  return { fates, makesKey: !known && from === "standby" && to !== "standby" && to !== "undone" };
}

function statusIn({ role }: KeyPlan, phase: Phase | "undone"): KeyStatus | null {
  if (role === "other") return null;
  const retiring = role === "retiring";
  switch (phase) {
    case "standby":
      return retiring ? "gone" : "active";
    case "undone":
      return retiring ? "active" : "gone";
    case "init":
    case "rollback":
      return retiring ? "active" : "trusted";
    case "update_clients":
    case "update_servers":
      return retiring ? "trusted" : "active";
  }
}

/** The keys that name an authority: TLS where there are any, else SSH, else JWT; one line per key, not per protocol. */
function namingKeys(keys: readonly KeyPlan[]): readonly KeyPlan[] {
  const byAuthority = Map.groupBy(keys, ({ authority }) => authority);
  return [...byAuthority.values()].flatMap((own) => {
    for (const protocol of ["tls", "ssh", "jwt"] as const) {
      const named = own.filter((key) => key.protocol === protocol);
      if (named.length > 0) return [...named, ...own.filter((key) => key.protocol === null)];
    }
    return own;
  });
}
