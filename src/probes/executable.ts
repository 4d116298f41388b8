/**
 * The part of `Runner.run` (src/process) that probes need: an argv array and never a shell. An exit status is a
 * result; it rejects when the executable is missing, does not end in time or is aborted.
 */
export type RunExecutable = (command: {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}) => Promise<{ readonly stdout: string; readonly stderr: string }>;
