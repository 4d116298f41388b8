import { failureOfOne } from "../../failure.ts";
import { redact } from "../../process/redact.ts";
import { CannotRun, type Runner } from "../../process/runner.ts";
import type { CheckCall } from "../../profile/check-kind.ts";
import { explained } from "../explained.ts";

/** What checks are run with. */
export interface CheckMeans {
  readonly runner: Runner;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** The environment of capstan, which executables get. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How one call ended, and what explains it. */
export interface Tried {
  /** `not_run`: it never started. */
  readonly came: "passed" | "failed" | "not_run";
  readonly detail: string;
  /** All of its standard output, where it ran to its end. */
  readonly printed?: string;
}

/** More is no answer, but a stream without an end. Bytes. */
const MOST_OUTPUT = 1024 * 1024;

/** Runs one call to its end, its time limit or its first megabyte. Throws a `Failure` where it was interrupted. */
export async function tryCall(
  { argv, stdin, env, wrong }: CheckCall,
  timeoutMs: number,
  means: CheckMeans,
): Promise<{ readonly tried: Tried; readonly stdout: string }> {
  try {
    const { exitCode, stdout, stderr } = await means.runner.run({
      argv,
      ...(stdin === undefined ? {} : { stdin }),
      ...(env === undefined ? {} : { env }),
      timeoutMs,
      signal: means.signal,
      maxBytes: MOST_OUTPUT,
    });
    // On the whole text: half a key has no form.
    const said = explained(stderr.trim() === "" ? redact(stdout) : stderr);
    if (exitCode !== 0) {
      const why = `exit status ${exitCode}${said === "" ? ", and it said nothing" : `, it said: ${said}`}`;
      return { tried: { came: "failed", detail: why }, stdout };
    }
    const complaint = wrong?.(stdout) ?? null;
    if (complaint === null) return { tried: { came: "passed", detail: "", printed: stdout }, stdout };
    return { tried: { came: "failed", detail: redact(complaint) }, stdout };
  } catch (error) {
    const failure = failureOfOne(error);
    const came = failure instanceof CannotRun ? "not_run" : "failed";
    return { tried: { came, detail: failure.message.replace(/\.$/, "") }, stdout: "" };
  }
}
