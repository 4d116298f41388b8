import { execFile } from "node:child_process";
import type { RunExecutable } from "../../src/probes/executable.ts";
import { type ProbeOptions, probeAll } from "../../src/probes/probe.ts";
import type { ProbeResult } from "../../src/probes/result.ts";
import type { TrustConsumer } from "../../src/resources/model/trust-consumer.ts";
import type { KeysByRole } from "../../src/rotation/key-sets.ts";
import { makeAuthority, type TestAuthority } from "../servers/certificates.ts";

/** The old and the new CA, and one that has nothing to do with them. */
export interface TestAuthorities {
  readonly old: TestAuthority;
  readonly new: TestAuthority;
  readonly foreign: TestAuthority;
  readonly candidates: KeysByRole;
}

export async function makeAuthorities(): Promise<TestAuthorities> {
  const [old, fresh, foreign] = await Promise.all([
    makeAuthority("old"),
    makeAuthority("new"),
    makeAuthority("foreign"),
  ]);
  return { old, new: fresh, foreign, candidates: { old: [old.key], new: [fresh.key] } };
}

/** Runs executables the way `src/process` will. */
export const run: RunExecutable = ({ argv: [file = "", ...args], timeoutMs, signal }) =>
  new Promise((resolve, reject) => {
    execFile(file, args, { timeout: timeoutMs, signal }, (error, stdout, stderr) => {
      // A number is an exit status, which only the caller understands.
      if (error === null || typeof error.code === "number") resolve({ stdout, stderr });
      else reject(error);
    });
  });

export async function probeOne(
  consumer: TrustConsumer,
  options: Partial<ProbeOptions> & Pick<ProbeOptions, "candidates">,
): Promise<ProbeResult> {
  const [result] = await probeAll([consumer], { deadlineMs: 10_000, run, readFile: noFile, ...options });
  if (result === undefined) throw new Error("no result");
  return result;
}

async function noFile(path: string): Promise<never> {
  throw Object.assign(new Error(path), { code: "ENOENT" });
}

export function server(
  kind: "postgres" | "mysql" | "tls",
  port: number,
  options: { readonly serverName?: string; readonly deadlineMs?: number } = {},
): TrustConsumer {
  return {
    kind,
    name: `${kind}-1`,
    address: `127.0.0.1:${port}`,
    serverName: options.serverName ?? null,
    deadlineMs: options.deadlineMs ?? null,
  };
}

export function sshServer(port: number): TrustConsumer {
  return { kind: "openssh", name: "ssh-1", address: `127.0.0.1:${port}`, deadlineMs: null };
}
