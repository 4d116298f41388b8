import type { TrustConsumer } from "../resources/model/trust-consumer.ts";
import type { ConsumerObservation } from "../rotation/observation.ts";
import { type ChecklistStep, type Expectation, isProvenBy } from "./step.ts";

/** What one declared consumer says about one step. */
export interface Proof {
  readonly consumer: TrustConsumer;
  /** `null` when it was not probed. */
  readonly seen: ConsumerObservation | null;
  /** `refuted`: it was seen to be otherwise, and no statement outweighs that. `unseen`: it takes a person. */
  readonly verdict: "proven" | "refuted" | "unseen";
}

/** The consumers that a step is about, each with what its probe says; empty where no probe could prove the step. */
export function proofsOf(
  step: ChecklistStep,
  consumers: readonly TrustConsumer[],
  observed: readonly ConsumerObservation[],
): readonly Proof[] {
  const expectation = step.provenBy;
  if (expectation === null) return [];
  return consumers.flatMap((consumer) => {
    const seen =
      observed.find(
        ({ authority, consumer: name }) => authority === step.authority && name === consumer.name,
      ) ?? null;
    if (!isAbout(step, expectation, consumer, seen)) return [];
    return [{ consumer, seen, verdict: seen === null ? "unseen" : judge(expectation, seen) }];
  });
}

function judge(expectation: Expectation, seen: ConsumerObservation): Proof["verdict"] {
  if (isProvenBy(expectation, seen)) return "proven";
  return isRefutedBy(expectation, seen) ? "refuted" : "unseen";
}

/** Some answer is known and another than wanted. */
function isRefutedBy({ uses, trusts }: Expectation, seen: ConsumerObservation): boolean {
  const known = seen.uses !== "unreachable" && seen.uses !== "unknown";
  if (uses !== undefined && known && seen.uses !== uses) return true;
  return (["old", "new"] as const).some((role) => {
    const wanted = trusts?.[role];
    return wanted !== undefined && seen.trusts[role] !== "unknown" && seen.trusts[role] !== wanted;
  });
}

/**
 * A known_hosts file says nothing of host certificates, and an sshd of the host CA nothing of known_hosts: each of
 * two steps of one phase has its own consumers. One that answers neither question takes a person, who is named.
 */
function isAbout(
  step: ChecklistStep,
  { uses }: Expectation,
  consumer: TrustConsumer,
  seen: ConsumerObservation | null,
): boolean {
  switch (consumer.kind) {
    case "file": {
      const isLeaf = seen !== null && seen.trusts.old === "unknown" && seen.trusts.new === "unknown";
      return (uses !== undefined) === isLeaf || seen === null;
    }
    case "openssh":
      return uses !== undefined || step.authority !== "host";
    case "https-jwks":
      return uses === undefined;
    case "postgres":
    case "mysql":
    case "tls":
    case "manual":
      return true;
  }
}
