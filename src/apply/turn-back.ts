import { LAGGING } from "../planner/steps.ts";
import type { Phase } from "../rotation/phase.ts";
import type { Step } from "../rotation/plan.ts";
import { openRotation } from "../rotation/record.ts";
import { commandIn } from "../rotation/remedy-command.ts";
import { endOfRollback } from "../rotation/way-back.ts";
import { approvalKey } from "./approval.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import type { WorkEnding } from "./ending.ts";
import { lookAt } from "./fresh-look.ts";
import { interruptible } from "./interruption.ts";
import { nextStep } from "./next-step.ts";
import { failingIn, isHeldNow, refusalToDrop } from "./refuse-step.ts";
import { beforeSecondLook, type Expected, sayMoved, untilSure } from "./second-look.ts";
import { type StepResult, takeStep } from "./step.ts";
import { authorityNow, type StepAtHand } from "./step-at-hand.ts";

type Failed = Extract<StepResult, { result: "failed" }>;

/** A transition that did not verify: by policy the way back, while there is one. */
export async function turnBack(run: ClusterRun, atHand: StepAtHand, failure: Failed): Promise<WorkEnding> {
  const { step, cluster } = atHand;
  const reason = reasonOf(failure);
  if (step.to === "rollback") return unfinished(step, reason);
  if (step.to === "standby") {
    return { outcome: "blocked", message: `${step.authority} is in standby, but ${reason}` };
  }
  if (step.action === "verify" && !run.turnBack.aborted && !hasApprovedAny(run, atHand)) {
    return {
      outcome: "blocked",
      message: `${step.authority} stays in ${step.to}, as nothing of ${atHand.rotationName} was approved: ${reason}`,
    };
  }
  const halts = cluster.policy.onFailure === "halt" && !run.turnBack.aborted;
  if (halts && !(await isByClock(run, atHand))) {
    return { outcome: "blocked", message: `halted in ${step.to} by policy: ${reason}` };
  }
  if (!run.turnBack.aborted && (await isWayBackWorse(run, atHand))) {
    const message = `${step.authority} stays in ${step.to}, although on_failure is ${cluster.policy.onFailure}: here a rollback ends with the old key dropped, and who is not there would be cut off. ${reason}`;
    return { outcome: "blocked", message };
  }
  emitNow(run, { type: "rollback-started", cluster: cluster.name, rotation: atHand.rotationName, reason });
  return await rollBack(run, atHand, reason, halts);
}

/** To turn back was approved with any step of the rotation; a look by itself takes no approval, and gives none. */
function hasApprovedAny({ approval }: ClusterRun, { cluster, rotationName }: StepAtHand): boolean {
  const prefix = approvalKey(cluster.name, `${rotationName}/`);
  return [...approval.ordinary, ...approval.final.keys()].some((key) => key.startsWith(prefix));
}

/** All authorities of the rotation go back: a pair of which one half went on would be apart for good. */
async function rollBack(
  run: ClusterRun,
  failed: StepAtHand,
  reason: string,
  halts: boolean,
): Promise<WorkEnding> {
  const rotations = run.desired.rotations.map((rotation) =>
    rotation.name === failed.rotationName && rotation.cluster === failed.cluster.name
      ? { ...rotation, phase: "rollback" as const }
      : rotation,
  );
  const desired = { ...run.desired, rotations };
  let expected: Expected | null = null;
  for (;;) {
    const fresh = await lookAt(run);
    sayMoved(run, fresh, expected);
    expected = null;
    const atHand = await nextStep(run, fresh, failed.rotationName, desired);
    if (atHand === null) return { outcome: "rolled-back", message: reason };
    const { step } = atHand;
    if (halts && step.from === "rollback") {
      return {
        outcome: "blocked",
        message: `taken out of automatic mode by rollback, and halted there by policy: ${reason}`,
      };
    }
    const failing = isHeldNow(atHand, null) ? failingIn(step) : [];
    const held =
      failing.length > 0
        ? `${step.authority} ${step.from} → ${step.to} is blocked by ${failing.join(", ")}`
        : refusalToDrop(run, atHand, step);
    if (held !== null) {
      emitNow(run, { type: "blocked", cluster: failed.cluster.name, rotation: failed.rotationName, step });
      return unfinished(step, `${held}; it was turned back as ${reason}`);
    }
    const wait = untilSure(run, atHand);
    if (wait > 0) {
      expected = await beforeSecondLook(run, atHand, wait);
      continue;
    }
    const result = await interruptible(run, atHand, () => takeStep(run, atHand, { reason, backup: null }));
    if (result.result === "failed" && !(halts && step.to === "rollback")) {
      return unfinished(step, `${reasonOf(result)}; it was turned back as ${reason}`);
    }
  }
}

/**
 * The phase that the clock is left to go on from, although somebody does not follow: where a rollback would cut off whoever is
 * not there, and the one out of the next phase would not, turning back has to wait for that.
 */
export async function leftByClock(run: ClusterRun, atHand: StepAtHand): Promise<Phase | null> {
  const { step } = atHand;
  if (step.to === "rollback" || step.to === "standby" || run.turnBack.aborted) return null;
  if (!(await isByClock(run, atHand)) || !(await isWayBackWorse(run, atHand))) return null;
  const message = `${step.authority}: a rollback out of ${step.to} would cut off who is not there; it is turned back when the clock has left ${step.to}`;
  emitNow(run, { type: "notice", cluster: run.cluster.name, message });
  return step.to;
}

/** As it is now, and not as it was before the step: out of which phase it would go back, and what that takes away. */
async function isWayBackWorse(run: ClusterRun, { step, resource }: StepAtHand): Promise<boolean> {
  const look = await lookAt(run);
  const live = authorityNow(look, step.authority);
  if (live === undefined) return true;
  const declared = resource?.authorities.find(({ type }) => type === step.authority)?.retire;
  const retire = openRotation(look.record, step.authority)?.retire ?? declared ?? [];
  return endOfRollback(retire, live, look.observation) !== "new-key-goes";
}

/**
 * Whether the platform goes on by itself, as it is now. A halt has to take it out of the clock's hands; only a manual
 * request does that, no phase can be asked for twice, and every other one would lead past the guard that failed
 * (reference teleport-rotation 1.7). So it is halted in rollback, where both keys are trusted and no clock runs.
 */
async function isByClock(run: ClusterRun, { step, resource }: StepAtHand): Promise<boolean> {
  if (resource?.mode !== "auto") return false;
  const live = authorityNow(await lookAt(run), step.authority);
  return live?.rotation.mode === "auto" && live.rotation.state === "in_progress";
}

function reasonOf({ message, findings }: Failed): string {
  return findings.length === 0 ? message : `${message}: ${findings.map(({ subject }) => subject).join(", ")}`;
}

/** Once each, for a commit: what the findings end in. */
function commandsOf(held: Step["guards"]): readonly string[] {
  const remedies = held.flatMap(({ findings }) => findings);
  const commands = new Set(remedies.flatMap(({ remedy }) => commandIn(remedy) ?? []));
  return [...commands].map((command) => `\`${command}\``);
}

/** A rollback that waits for somebody is none yet; the same words whoever asked for it. */
export function unfinished({ authority, guards, from, to }: Step, reason: string): WorkEnding {
  const where: Phase = to === "rollback" ? to : from;
  const held = guards.filter(({ outcome }) => outcome !== "pass");
  const findings = held.flatMap((guard) => guard.findings);
  const named = findings.map(({ subject, message }) => `${subject}: ${message}`);
  const isWaiting = held.some(
    ({ id, findings: of }) => LAGGING.includes(id) && of.some(({ approvable }) => approvable !== true),
  );
  const isLagging = to === "rollback" || isWaiting;
  const sentences = [
    `the rollback of ${authority} is not finished, it waits in ${where}, where both keys are trusted: ${[reason, ...named].join("; ")}`,
    ...(isLagging
      ? [
          "Who is missing may live by the key that goes: start it. Once its loss is accepted, the key is dropped only with --approve-final",
        ]
      : []),
    ...commandsOf(held),
    "`capstan apply` goes on from here",
  ];
  // Some are sentences of a table, with their full stop.
  const message = sentences.map((sentence) => sentence.replace(/\.$/, "")).join(". ");
  return { outcome: "rollback-unfinished", message };
}
