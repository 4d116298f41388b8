import { Failure } from "../failure.ts";
import type { Phase } from "../rotation/phase.ts";
import { openRotation } from "../rotation/record.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import { noteStep } from "./journal.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/** Whether it is the end that a signal asked for, and no defect. */
export function isAbort(error: unknown): boolean {
  if (error instanceof Failure) return error.code === "interrupted";
  return error instanceof Error && error.name === "AbortError";
}

/** Notes an interruption in the journal on its way out, with the phase that was observed. */
export async function interruptible<Result>(
  run: ClusterRun,
  atHand: StepAtHand,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isAbort(error)) {
      const { authority } = atHand.step;
      const phase = await phaseObserved(run, atHand);
      await noteStep(run, atHand, "interrupted", `seen in ${phase}`);
      const message =
        phase === atHand.step.to
          ? `${authority} is in ${phase}; the wait for its components was stopped`
          : `${authority} is in ${phase}; nothing was asked of it`;
      emitNow(run, { type: "interrupted", cluster: atHand.cluster.name, message });
    }
    throw error;
  }
}

/** What this step read back, which the record follows; else what it was judged by. */
async function phaseObserved(run: ClusterRun, { cluster, step, live }: StepAtHand): Promise<Phase> {
  const record = await run.store.load(cluster.name);
  const last = openRotation(record, step.authority)?.phases.at(-1)?.phase;
  return last === step.to ? last : live.rotation.phase;
}
