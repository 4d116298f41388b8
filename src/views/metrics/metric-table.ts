/**
 * Every metric of capstan: gauges alone, without timestamps, so that one text is valid for OpenMetrics and for
 * Prometheus (design, section 10). Names are a contract: dashboards and alerts use them.
 */
export const METRICS = {
  capstan_cluster_up: "Whether the cluster could be read: 1, else 0.",
  capstan_cluster_steps: "Steps that git asks for and that were not taken yet.",
  capstan_authority_phase: "The phase that a CA is in: 1 of that one, 0 of the others.",
  capstan_authority_phase_seconds:
    "How long a rotating CA is in its phase; absent where nobody saw it begin.",
  capstan_components: "Components by how they follow the CA that they follow.",
  capstan_listing_unread: "A listing that could not be read: 1. What depends on it is unknown, and blocks.",
  capstan_guard_blocked: "How many findings of a guard hold the next step of a rotation.",
  capstan_check_passed:
    "How many of those that a check tried let it in (run: last, or baseline before init).",
  capstan_check_tried: "How many a check tried (run: last, or baseline); 0 where it could not be run.",
  capstan_check_age_seconds: "How long ago a check was last run.",
  capstan_check_current:
    "Whether the newest result of a check is newer than the last transition: 1, else 0; apply runs it then.",
  capstan_exercise_open: "An override in force that no session has shown in use: 1, else 0.",
  capstan_drift_blocked: "How many differences that nothing in git explains hold the cluster.",
  capstan_due_seconds:
    "Until something ends or has to be rotated (kind: max_age, certificate, override, revocation_list, identity); below 0 it is over.",
  capstan_due_unknown: "Something of that kind ends, and nobody knows when: 1.",
  capstan_last_apply_timestamp_seconds: "When a run last took a step or found nothing to do.",
  capstan_lock_held: "Whether somebody holds the lock of the cluster: 1 with the holder, else 0 without.",
  capstan_observed_timestamp_seconds: "When what is told here was read.",
  capstan_reconcile_failures: "Rounds in a row that could not do what they should.",
  capstan_reconcile_round_timestamp_seconds: "When the last round ended, however it ended.",
  capstan_reconcile_success_timestamp_seconds: "When a round last ended without a failure.",
  capstan_notify_failures: "Events in a row that the notify command did not take.",
} as const;

/** Name of a metric. */
export type MetricName = keyof typeof METRICS;

/** One number. */
export interface Sample {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
