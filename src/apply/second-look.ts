import type { Phase } from "../rotation/phase.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import type { FreshLook } from "./fresh-look.ts";
import { authorityNow, type StepAtHand } from "./step-at-hand.ts";

/** Auth servers add their own keys one after the other, by their ticks: one read may be between two of them. */
export const SECOND_LOOK_MS = 12_000;

/** Signing goes to keys of HSMs, of which a single read may show some alone. */
export function takesTwoLooks({ step: { from, to }, live, observation }: StepAtHand): boolean {
  return from === "init" && to === "update_clients" && observation.profile.keyRules.growsInInit(live);
}

/**
 * `standby` ends a rotation and a rollback alike, and a read may be stale: asked for only when looks that are further
 * apart than that have shown the same phase and id. How long is left until then; 0 when nothing is.
 */
export function untilSure(run: ClusterRun, { step, cluster, platform }: StepAtHand): number {
  if (step.action !== "rotate" || step.to !== "standby" || platform.consistent === true) return 0;
  return Math.max(0, Math.ceil(cluster.policy.staleReadMs - run.sightings.steadyMs(step.authority)));
}

/** What a second look shows when nobody moved it in between. */
export interface Expected {
  readonly authority: string;
  readonly phase: Phase;
}

/** Lets the time pass until reads are new for sure; gives what a second look should then show again. */
export async function beforeSecondLook(
  run: ClusterRun,
  { step }: StepAtHand,
  waitMs: number,
): Promise<Expected> {
  const { authority, from, to } = step;
  if (to === "standby") {
    const message = `${authority}: a second look at ${from} in ${Math.ceil(waitMs / 1000)} s, as a read may be stale and standby ends a rollback too`;
    emitNow(run, { type: "notice", cluster: run.cluster.name, message });
  }
  await run.clock.sleep(waitMs, run.signal);
  return { authority, phase: from };
}

/** Says that somebody else is at work there, where the second look shows another phase. */
export function sayMoved(run: ClusterRun, look: FreshLook, expected: Expected | null): void {
  if (expected === null) return;
  const { authority } = expected;
  const phase = authorityNow(look, authority)?.rotation.phase;
  if (phase === expected.phase) return;
  const message = `somebody moved ${authority} of ${run.cluster.name} meanwhile: it was in ${expected.phase}, and is in ${phase ?? "no listing"}`;
  emitNow(run, { type: "notice", cluster: run.cluster.name, message });
}
