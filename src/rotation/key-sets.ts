import { isTalosType } from "./authority-type.ts";
import { type AuthorityKey, type Fingerprint, identify, type LiveAuthority } from "./observation.ts";
import type { Edge } from "./phase.ts";
import type { Finding } from "./plan.ts";

/** The keys of an authority by what the rotation does to them. */
export interface KeysByRole {
  readonly old: readonly AuthorityKey[];
  /** Empty before init. */
  readonly new: readonly AuthorityKey[];
}

/**
 * Which of the keys are to be retired and which replace them. `retired` where known; without them the phase tells,
 * which is wrong after a rollback from init of Teleport 5 (recordings/README: it keeps the new key).
 */
export function keysByRole(authority: LiveAuthority, retired: readonly Fingerprint[]): KeysByRole {
  const { active, trusted, rotation } = authority;
  const signsWithOld = identify(active).some((fingerprint) => retired.includes(fingerprint));
  if (rotation.phase === "standby") {
    const finished = retired.length > 0 && !signsWithOld;
    return finished ? { old: [], new: active } : { old: active, new: [] };
  }
  const activeIsOld =
    retired.length > 0 ? signsWithOld : rotation.phase === "init" || rotation.phase === "rollback";
  return activeIsOld ? { old: active, new: trusted } : { old: trusted, new: active };
}

/** Which keys sign and which are trusted beside them. */
interface KeySets {
  readonly active: readonly Fingerprint[];
  readonly trusted: readonly Fingerprint[];
}

/** What holds between retired and live keys once an edge has been taken (reference teleport-rotation 1.4). */
interface Expectation {
  readonly holds: (retire: readonly Fingerprint[], live: KeySets) => boolean;
  readonly sentence: string;
}

const OLD_SIGNS_NEW_TRUSTED: Expectation = {
  holds: (retire, { active, trusted }) =>
    same(active, retire) && trusted.some((key) => !retire.includes(key)),
  sentence: "the old key signs and a new one is trusted",
};

const NEW_SIGNS_OLD_TRUSTED: Expectation = {
  holds: (retire, { active, trusted }) =>
    active.length > 0 &&
    !active.some((key) => retire.includes(key)) &&
    retire.every((key) => trusted.includes(key)),
  sentence: "a new key signs and the old one is trusted",
};

const OLD_GONE: Expectation = {
  holds: (retire, { active, trusted }) => ![...active, ...trusted].some((key) => retire.includes(key)),
  sentence: "the old key is gone",
};

const OLD_ALONE: Expectation = {
  holds: (retire, { active, trusted }) => same(active, retire) && trusted.length === 0,
  sentence: "the old key signs and the new one is gone",
};

/** On Talos the new key signs only once servers are swapped (reference talos-rotation 2.2). */
function expectationOf({ from, to }: Edge, isTalos: boolean): Expectation {
  if (isTalos && to === "update_clients") return OLD_SIGNS_NEW_TRUSTED;
  switch (to) {
    case "init":
    case "rollback":
      return OLD_SIGNS_NEW_TRUSTED;
    case "update_clients":
    case "update_servers":
      return NEW_SIGNS_OLD_TRUSTED;
    case "standby":
      return from === "rollback" ? OLD_ALONE : OLD_GONE;
  }
}

/**
 * Proof that a transition did to the keys what it should have done, or what is wrong. Teleport before v7 keeps
 * the new key when init is rolled back, and says nothing (recordings/README); only this comparison notices.
 */
export function keysAfter(
  edge: Edge,
  retire: readonly Fingerprint[],
  authority: LiveAuthority,
): readonly Finding[] {
  const live = { active: identify(authority.active), trusted: identify(authority.trusted) };
  const expectation = expectationOf(edge, isTalosType(authority.type));
  if (expectation.holds(retire, live)) return [];
  const keptNewKey = (edge.to === "rollback" || edge.from === "rollback") && !same(live.active, retire);
  return [
    {
      subject: `authority/${authority.type}`,
      message: keptNewKey
        ? `the platform kept the new key: ${live.active.join(", ")} signs, not ${retire.join(", ")}`
        : `after ${edge.from} → ${edge.to} ${expectation.sentence} is expected; active ${list(live.active)}, trusted ${list(live.trusted)}`,
      remedy: keptNewKey
        ? "Teleport before v7 does this when init is rolled back; the rotation in fact finished. Set `phase: standby` and active_keys to the new key, and update CA pins"
        : "compare with `capstan status`; do not go on before the difference is explained",
    },
  ];
}

function same(left: readonly Fingerprint[], right: readonly Fingerprint[]): boolean {
  return left.length === new Set(right).size && left.every((key) => right.includes(key));
}

function list(keys: readonly Fingerprint[]): string {
  return keys.length === 0 ? "none" : keys.join(", ");
}
