import type { Guard, GuardInput } from "../profile/profile.ts";
import { isLegalEdge, legalNext, type Phase, placeOnWalk, WALK } from "../rotation/phase.ts";
import { failWith } from "./judgement.ts";

/** Every edge but those of the phase graph; the server refuses them too (reference teleport-rotation 1.3). */
export const phaseOrder: Guard = {
  id: "phase-order",
  about: "move",
  refuses: "a move that the phase graph does not have from the live phase",
  waivable: false,
  subjects: ["authority"],
  appliesTo: ({ edge }) => edge.from !== edge.to,
  judge: (input) =>
    failWith(isLegalEdge(input.edge) ? [] : [{ subject: subjectOf(input), ...explain(input) }]),
};

function subjectOf({ authority }: GuardInput): string {
  return `authority/${authority.type}`;
}

/** What is wrong with an illegal edge, told by what the person most likely meant. */
function explain({ edge: { from, to } }: GuardInput): { message: string; remedy: string } {
  const next = legalNext(from).join(" or ");
  const ahead = placeOnWalk(from) > placeOnWalk(to) && to !== "standby";
  if (ahead) {
    return {
      message: `the cluster is in ${from}, ahead of ${to} in git; phases have no way back but rollback`,
      remedy: `set \`phase: ${from}\` to accept what happened, or \`phase: rollback\` to undo the rotation`,
    };
  }
  return {
    message: `${from} to ${to} skips ${skipped(from, to).join(" and ")}; next is ${next}`,
    remedy: `commit \`phase: ${legalNext(from)[0]}\` first, or set \`strategy: walk\` to take the phases one by one`,
  };
}

function skipped(from: Phase, to: Phase): readonly Phase[] {
  const end = to === "standby" ? WALK.length - 1 : placeOnWalk(to);
  return WALK.slice(placeOnWalk(from) + 1, end);
}
