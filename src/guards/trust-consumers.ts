import { workOfType } from "../checklist/checklist.ts";
import type { Proof } from "../checklist/proof.ts";
import { type Work, workOf } from "../checklist/work.ts";
import type { Guard, GuardInput } from "../profile/profile.ts";
import { rankOfWork } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";
import { acknowledgeCommand } from "../rotation/remedy-command.ts";
import { approvableAtTheEnd, failWith } from "./judgement.ts";

/**
 * Nothing in a cluster shows whether a database or an identity provider was told of the new CA. So a phase is left
 * when every piece of its work was seen by a probe or stated by a person (reference teleport-rotation 2.2, 10).
 * Into rollback is always open.
 */
export const trustConsumers: Guard = {
  id: "trust-consumers",
  about: "outside",
  refuses: "leaving a phase with work outside the cluster that is neither probed nor acknowledged",
  waivable: true,
  subjects: ["step", "consumer"],
  appliesTo: (input) => {
    const { edge } = input;
    const leaves = edge.from !== edge.to && edge.to !== "rollback";
    return leaves && (edge.from !== "standby" || statedInAdvance(input).length > 0);
  },
  judge: (input) => {
    const { authority, edge } = input;
    const work = edge.from === "standby" ? [] : workOf(authority.type, edge.from, input);
    const open = work.filter(({ item }) => item.required && item.state === "open");
    return failWith([
      ...open
        .flatMap((one) => findingsOf(one, input))
        .map((finding) => ({ ...finding, ...approvableAtTheEnd(edge) })),
      ...statedInAdvance(input),
    ]);
  },
};

/**
 * Work of a phase that has not begun cannot be done: a statement of it was written in advance, or is left over from
 * an attempt before this one. It would let the phase pass without a look.
 */
function statedInAdvance({
  rotation,
  observation,
  authority: { type },
  edge: { from },
}: GuardInput): readonly Finding[] {
  const begun = from === "standby" ? -1 : rankOfWork(from);
  return (rotation?.acknowledge ?? []).flatMap(({ step }) => {
    const known = workOfType(observation.profile, type).find(({ id }) => id === step);
    if (known === undefined || rankOfWork(known.phase) <= begun) return [];
    return [
      {
        subject: `step/${step}`,
        message: `is stated in advance: it is work of ${known.phase}, and ${type} is in ${from}`,
        remedy: `remove it from acknowledge of ${rotation?.name}, and state it when it is done`,
      },
    ];
  });
}

/** By consumer where some are declared, so that a person reads which; else by step. */
function findingsOf({ step, item, proofs, acknowledgement }: Work, input: GuardInput): readonly Finding[] {
  if (proofs.length === 0) {
    return [
      {
        subject: `step/${step.id}`,
        message: `is neither probed nor acknowledged: ${item.do}`,
        remedy: acknowledge(step.id, input),
      },
    ];
  }
  return proofs
    .filter(({ verdict }) => verdict === "refuted" || (verdict === "unseen" && acknowledgement === null))
    .map((proof) => ({
      subject: `consumer/${proof.consumer.name}`,
      message: `${seenOf(proof)} (${step.id})`,
      remedy: proof.verdict === "refuted" ? `${item.do} Then plan again` : acknowledge(step.id, input),
    }));
}

function seenOf({ consumer, seen }: Proof): string {
  if (consumer.kind === "manual") return `takes a person: ${consumer.instructions}`;
  if (seen === null) return "was not probed";
  return describeSeen(seen);
}

/** `uses old, trusts old, does not trust new`, and what the probe says about it. */
export function describeSeen({ uses, trusts, detail }: NonNullable<Proof["seen"]>): string {
  const trusted = (["old", "new"] as const).flatMap((role) =>
    trusts[role] === "unknown" ? [] : [`${trusts[role] === "yes" ? "trusts" : "does not trust"} ${role}`],
  );
  const use = uses === "unreachable" || uses === "unknown" ? `is ${uses}` : `uses ${uses}`;
  return `${[use, ...trusted].join(", ")}: ${detail.replace(/\.$/, "")}`;
}

function acknowledge(step: string, { rotation, authority }: GuardInput): string {
  const command = acknowledgeCommand(step);
  if (rotation !== null) return `do it, then state it and commit: \`${command}\``;
  return `do it. No ca_rotation declares this rotation any more: first \`capstan rotate rollback ${authority.type}\` writes it again, then state the work: \`${command}\``;
}
