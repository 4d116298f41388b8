import { Failure } from "../../failure.ts";
import { redact } from "../../process/redact.ts";
import type { PlatformOptions, TransitionReply } from "../platform.ts";
import { explain, type TctlError } from "./errors.ts";

/** What came of a call that changes something; `kind` is there when tctl itself ended with an error. */
export interface ChangeReply {
  readonly reply: TransitionReply;
  readonly kind: TctlError["kind"] | null;
}

/** Without the run's abort signal: a request that is on its way is waited for, so that its end is known. */
export async function askForChange(
  { runner, timeoutMs }: PlatformOptions,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ChangeReply> {
  try {
    const outcome = await runner.run({ argv, env, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    // Alerts go to standard error after a success too: only the exit status counts (reference 1.11).
    if (outcome.exitCode === 0)
      return { reply: { accepted: true, message: redact(outcome.stdout.trim()) }, kind: null };
    const { kind, failure } = explain(outcome);
    return { reply: refused(failure), kind };
  } catch (error) {
    // Ended by its time limit or by a signal: the request may have arrived.
    if (error instanceof Failure) return { reply: refused(error), kind: null };
    throw error;
  }
}

function refused(failure: Failure): TransitionReply {
  return { accepted: false, message: failure.message, failure };
}
