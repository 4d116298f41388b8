import type { TalosTransition } from "./transition-at-hand.ts";

/** A worker asks trustd, which takes seconds; its certificates are waited for longer than upstream does (TA 5.1). */
export const CERTIFICATES_MS = 120_000;

/** A kubelet and three static pods restart. */
export const RESTART_MS = 300_000;

/** Another controller manager may have to become the leader, and publishes then. */
export const PUBLISH_MS = 180_000;

/**
 * So many milliseconds, and no more than `policy.phaseTimeoutMs`, which is what a person allows for a phase.
 */
export function within({ cluster }: TalosTransition, ms: number): number {
  return Math.min(ms, cluster.policy.phaseTimeoutMs);
}
