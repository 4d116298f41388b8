import { namingKeys } from "../../rotation/observation.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { KeyPlan, RotationPlan, Step } from "../../rotation/plan.ts";

type KeyStatus = KeyPlan["status"] | "absent";

/** A key with its status before and after a move. */
export interface KeyFate {
  readonly key: KeyPlan;
  readonly before: KeyStatus;
  readonly after: KeyStatus;
}

/** From one phase to another; `undone` is the standby that a rollback ends in. */
export interface Passage {
  readonly from: Phase;
  readonly to: Phase | "undone";
}

/** That of one step. */
export function stepPassage({ from, to }: Step): Passage {
  return { from, to: from === "rollback" && to === "standby" ? "undone" : to };
}

/** That of a rotation, from where it is to where git wants it. */
export function wholePassage({ live_phase, desired_phase }: RotationPlan): Passage {
  return { from: live_phase, to: desired_phase === "rollback" ? "undone" : desired_phase };
}

/**
 * What a move does to the keys. The new key that init will make is not in the plan yet, as nobody knows it;
 * `makesKey` says that one is coming.
 */
export function keyFates(rotation: RotationPlan, { from, to }: Passage) {
  const fates = namedKeys(rotation.keys).map((key): KeyFate => {
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

/** The keys that name each authority, one line per key, not per protocol; what has no protocol stays. */
function namedKeys(keys: readonly KeyPlan[]): readonly KeyPlan[] {
  const byAuthority = Map.groupBy(keys, ({ authority }) => authority);
  return [...byAuthority.values()].flatMap((own) => {
    const naming = namingKeys(own);
    return naming.length === 0 ? own : [...naming, ...own.filter(({ protocol }) => protocol === null)];
  });
}
