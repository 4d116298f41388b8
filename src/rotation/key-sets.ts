import type { KeyState } from "../profile/key-rules.ts";
import type { PlatformProfile } from "../profile/profile.ts";
import {
  type AuthorityKey,
  type Fingerprint,
  identify,
  type LiveAuthority,
  sameKeys,
} from "./observation.ts";
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

/** A state of the key sets (reference teleport-rotation 1.4), as a check and as a clause. */
interface Expectation {
  readonly holds: (retire: readonly Fingerprint[], live: KeySets) => boolean;
  readonly sentence: string;
}

const EXPECTATIONS: Readonly<Record<KeyState, Expectation>> = {
  "old-signs-new-trusted": {
    holds: (retire, { active, trusted }) =>
      sameKeys(active, retire) && trusted.some((key) => !retire.includes(key)),
    sentence: "the old key signs and a new one is trusted",
  },
  "new-signs-old-trusted": {
    holds: (retire, { active, trusted }) =>
      active.length > 0 &&
      !active.some((key) => retire.includes(key)) &&
      retire.every((key) => trusted.includes(key)),
    sentence: "a new key signs and the old one is trusted",
  },
  "old-gone": {
    holds: (retire, { active, trusted }) => ![...active, ...trusted].some((key) => retire.includes(key)),
    sentence: "the old key is gone",
  },
  "old-alone": {
    holds: (retire, { active, trusted }) => sameKeys(active, retire) && trusted.length === 0,
    sentence: "the old key signs and the new one is gone",
  },
};

/**
 * Proof that a transition did to the keys what it should have done, or what is wrong. A platform may keep the new key
 * when init is rolled back, and say nothing (recordings/README); only this comparison notices.
 */
export function keysAfter(
  edge: Edge,
  retire: readonly Fingerprint[],
  authority: LiveAuthority,
  { keyRules, words }: Pick<PlatformProfile, "keyRules" | "words">,
): readonly Finding[] {
  const live = { active: identify(authority.active), trusted: identify(authority.trusted) };
  const expectation = EXPECTATIONS[keyRules.after(edge)];
  if (expectation.holds(retire, live)) return [];
  const keptNewKey = (edge.to === "rollback" || edge.from === "rollback") && !sameKeys(live.active, retire);
  return [
    {
      subject: `authority/${authority.type}`,
      message: keptNewKey
        ? `the platform kept the new key: ${live.active.join(", ")} signs, not ${retire.join(", ")}`
        : `after ${edge.from} → ${edge.to} ${expectation.sentence} is expected; active ${list(live.active)}, trusted ${list(live.trusted)}`,
      remedy: keptNewKey
        ? words.keptNewKey
        : "compare with `capstan status`; do not go on before the difference is explained",
    },
  ];
}

function list(keys: readonly Fingerprint[]): string {
  return keys.length === 0 ? "none" : keys.join(", ");
}
