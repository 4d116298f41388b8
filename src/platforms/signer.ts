import { Failure } from "../failure.ts";
import { type Runner, shown } from "../process/runner.ts";
import type { Signer } from "../resources/model/desired.ts";

/**
 * Has an external CA sign one request: the CSR goes to the command's standard input, PEM blocks come back on its
 * standard output, certificate first or not. No shell; what it prints is judged by the caller.
 */
export async function signRequest(
  { command, timeoutMs }: Signer,
  request: string,
  runner: Runner,
  signal?: AbortSignal,
): Promise<string> {
  const outcome = await runner.run({ argv: command, stdin: request, timeoutMs, signal });
  if (outcome.exitCode === 0) return outcome.stdout;
  const said = outcome.stderr.trim().split("\n").slice(-3).join("; ").slice(0, 500);
  throw new Failure(
    "executable",
    `${shown({ argv: command })} did not sign the request: exit status ${outcome.exitCode}${said === "" ? "" : `, ${said}`}`,
    { hint: "run it by hand with the CSR file on standard input" },
  );
}
