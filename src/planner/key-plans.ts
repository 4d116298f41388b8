import type { ClusterObservation } from "../profile/profile.ts";
import { followed } from "../record/changes/seen.ts";
import { livePins } from "../rotation/live-pins.ts";
import type { AuthorityKey, Fingerprint } from "../rotation/observation.ts";
import type { Pins } from "../rotation/pins.ts";
import type { KeyPlan } from "../rotation/plan.ts";
import type { Member } from "./rotation-member.ts";

/** The keys of an authority and of its rotation, with those that are gone already. */
export function keysOf(
  { wanted, live, memory }: Pick<Member, "wanted" | "live" | "memory">,
  { profile }: Pick<ClusterObservation, "profile">,
): readonly KeyPlan[] {
  const introduced = memory === undefined ? [] : followed(memory, live, profile).introduced;
  const plans = [
    ...live.active.map((key) => describe(key, "active")),
    ...live.trusted.map((key) => describe(key, "trusted")),
  ];
  const present = new Set<Fingerprint>(plans.map(({ fingerprint }) => fingerprint));
  const gone = wanted.retire.filter((key) => !present.has(key));
  return [
    ...plans,
    ...gone.map((fingerprint) => ({
      authority: live.type,
      fingerprint,
      role: "retiring" as const,
      status: "gone" as const,
      protocol: null,
      algorithm: null,
      storage: null,
      certificate: null,
    })),
  ];

  function describe(key: AuthorityKey, status: "active" | "trusted"): KeyPlan {
    return {
      authority: live.type,
      fingerprint: key.fingerprint,
      role: roleOf(key.fingerprint),
      status,
      protocol: key.protocol,
      algorithm: key.algorithm,
      storage: key.storage,
      certificate: key.certificate ?? null,
    };
  }

  function roleOf(fingerprint: Fingerprint): KeyPlan["role"] {
    if (wanted.retire.includes(fingerprint)) return "retiring";
    return introduced.includes(fingerprint) ? "introduced" : "other";
  }
}

/** The pins of the host CA (reference teleport-rotation 4.7); gone keys have one too. */
export function caPins({ wanted, live }: Pick<Member, "wanted" | "live">): Pins | null {
  return live.type === "host" ? { old: wanted.retire, new: livePins(live, wanted.retire).new } : null;
}
