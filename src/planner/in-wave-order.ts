import { isThrough } from "../fleet/wait-for-waves.ts";
import { type CampaignFacts, campaignOf, waveOf, wavesOf } from "../fleet/waves.ts";
import type { DesiredState } from "../resources/model/desired.ts";
import { isForward, type Phase } from "../rotation/phase.ts";
import type { ClusterPlan } from "../rotation/plan.ts";
import { type Ready, readyTimes, type TimesInput, withTimes } from "./earliest.ts";

/** A cluster as it is planned, and what the times of its steps follow from. */
export interface TimedCluster<Planned> {
  readonly plan: Planned;
  /** `null`: nothing is planned there. */
  readonly times: Omit<TimesInput, "wave"> | null;
}

/**
 * The same plans, each step with its earliest time: clusters in the order of their waves, as what comes first decides
 * when the rest may begin. Of a cluster that is not in this plan only what its record has verified is known.
 */
export function inWaveOrder<Planned extends Pick<ClusterPlan, "name" | "rotations">>(
  planned: readonly TimedCluster<Planned>[],
  desired: DesiredState,
  facts: CampaignFacts | undefined,
): readonly Planned[] {
  const waves = wavesOf(desired);
  const placeOf = ({ times }: TimedCluster<Planned>) => {
    const wave = times === null ? null : waveOf(times.cluster, waves);
    return wave === null ? waves.length : waves.indexOf(wave);
  };
  const entered = new Entered();
  const timed = new Map<string, Planned>();
  for (const { plan, times } of planned.toSorted((left, right) => placeOf(left) - placeOf(right))) {
    if (times === null) continue;
    const wave = (rotation: string, phase: Phase): Ready | null => {
      const view = campaignOf(times.cluster, { name: rotation }, desired, facts);
      if (view === undefined || view.before.length === 0) return { at: times.now, by: null };
      const moments = view.before.map((member) =>
        isThrough(member, phase)
          ? Date.parse(member.verified[phase] ?? "")
          : member.wentBack === null && member.unread === null
            ? entered.at(member.cluster, rotation, phase)
            : null,
      );
      if (!moments.every((moment) => moment !== null)) return null;
      return { at: Math.max(...moments) + (view.wave?.pauseMs ?? 0), by: "wave" };
    };
    const ready = readyTimes(plan.rotations, { ...times, wave });
    for (const rotation of plan.rotations) {
      for (const step of rotation.steps) {
        // A look at who has not followed yet is where a phase that was entered is verified.
        if (isForward(step) || step.from === step.to)
          entered.note(plan.name, rotation.name, step.to, ready.get(step.id) ?? null);
      }
    }
    timed.set(plan.name, { ...plan, rotations: withTimes(plan.rotations, ready, times.now) });
  }
  return planned.map(({ plan }) => timed.get(plan.name) ?? plan);
}

/** When a phase of a campaign may be entered everywhere in a cluster, by its plan. */
class Entered {
  readonly #times = new Map<string, number | null>();

  note(cluster: string, rotation: string, phase: Phase, ready: Ready | null): void {
    const key = keyOf(cluster, rotation, phase);
    const before = this.#times.get(key);
    // Of several CAs the last one counts.
    const known = before === undefined ? Number.NEGATIVE_INFINITY : before;
    this.#times.set(key, known === null || ready === null ? null : Math.max(known, ready.at));
  }

  /** `null`: nobody knows, or it is not planned. */
  at(cluster: string, rotation: string, phase: Phase): number | null {
    return this.#times.get(keyOf(cluster, rotation, phase)) ?? null;
  }
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
