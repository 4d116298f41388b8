import type { TrustConsumer } from "../resources/model/trust-consumer.ts";
import type { KeysByRole } from "../rotation/key-sets.ts";
import { type CandidateKey, type OverrideChains, readCandidates } from "./candidates.ts";
import type { Attempt } from "./connection.ts";
import type { RunExecutable } from "./executable.ts";
import { checkFile } from "./file.ts";
import { probeOpenssh } from "./openssh.ts";
import {
  describeError,
  NO_EVIDENCE,
  ProbeEnd,
  type ProbeResult,
  TRUST_UNKNOWN,
  type UnnamedResult,
} from "./result.ts";

/** What all probes of a run share. */
export interface ProbeOptions {
  readonly candidates: KeysByRole;
  readonly overrides?: OverrideChains;
  /** For each probe by itself, from when it starts; a consumer may say otherwise. */
  readonly deadlineMs: number;
  /** Ends all probes: `probeAll` rejects with its reason. */
  readonly signal?: AbortSignal;
  readonly run: RunExecutable;
  /** Reads a file of the repository by its relative path. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Name or path of the executable. */
  readonly sshKeyscan?: string;
}

/** So many at once: file descriptors are not endless, and a deadline must not run while a probe queues. */
const PARALLEL = 32;

/**
 * Asks all consumers at once what they use and trust; results are in the order of the consumers. No credential
 * is sent to anyone: no client certificate, no user name, no header. Whatever a consumer does, it has a
 * result; what rejects is a bug, or the caller's abort.
 */
export async function probeAll(
  consumers: readonly TrustConsumer[],
  options: ProbeOptions,
): Promise<readonly ProbeResult[]> {
  const candidates = readCandidates(options.candidates, options.overrides);
  const results: ProbeResult[] = [];
  const queue = consumers.entries();
  const work = async (): Promise<void> => {
    for (const [index, consumer] of queue) results[index] = await probe(consumer, candidates, options);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return results;
}

async function probe(
  consumer: TrustConsumer,
  candidates: readonly CandidateKey[],
  options: ProbeOptions,
): Promise<ProbeResult> {
  options.signal?.throwIfAborted();
  const timeoutMs = consumer.deadlineMs ?? options.deadlineMs;
  const time = new AbortController();
  const signal = AbortSignal.any([time.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const attempt: Attempt = { signal, doing: "starting", soFar: null };
  const timer = setTimeout(() => time.abort(), timeoutMs);
  try {
    const observed = await Promise.race([
      observe(consumer, candidates, options, attempt),
      whenAborted(signal),
    ]);
    return { consumer: consumer.name, ...observed };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { consumer: consumer.name, ...explain(error, attempt, time.signal.aborted, timeoutMs) };
  } finally {
    clearTimeout(timer);
    // Whatever is still open belongs to a probe that is over.
    time.abort();
  }
}

async function observe(
  consumer: TrustConsumer,
  candidates: readonly CandidateKey[],
  { readFile, run, deadlineMs, sshKeyscan = "ssh-keyscan" }: ProbeOptions,
  attempt: Attempt,
): Promise<UnnamedResult> {
  switch (consumer.kind) {
    // What speaks TLS is loaded for who asks for it: with Node's part of it, that is as much as Node itself.
    case "postgres":
    case "mysql":
    case "tls":
      return (await import("./tls.ts")).probeTls(consumer, candidates, attempt);
    case "openssh": {
      const timeoutMs = consumer.deadlineMs ?? deadlineMs;
      return probeOpenssh(consumer, candidates, attempt, { run, sshKeyscan, timeoutMs });
    }
    case "https-jwks": {
      const ca = consumer.caFile === null ? null : await read(consumer.caFile, readFile, attempt);
      return (await import("./jwks.ts")).probeJwks(consumer, candidates, attempt, ca);
    }
    case "file": {
      const bytes = await read(consumer.path, readFile, attempt);
      try {
        return checkFile(consumer.path, bytes, candidates);
      } catch (error) {
        if (error instanceof ProbeEnd) throw error;
        throw new ProbeEnd("unknown", `${consumer.path} cannot be read: ${describeError(error)}`);
      }
    }
    case "manual":
      throw new ProbeEnd("unknown", `a person has to look: ${consumer.instructions}`);
  }
}

async function read(path: string, readFile: ProbeOptions["readFile"], attempt: Attempt): Promise<Uint8Array> {
  attempt.doing = `reading ${path}`;
  try {
    return await readFile(path);
  } catch (error) {
    throw new ProbeEnd("unreachable", `${path}: ${describeError(error)}`);
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function explain(error: unknown, attempt: Attempt, isLate: boolean, timeoutMs: number): UnnamedResult {
  if (isLate) {
    if (attempt.soFar !== null) return attempt.soFar;
    const detail = `no answer within ${timeoutMs / 1000} s, while ${attempt.doing}.`;
    return { uses: "unreachable", trusts: TRUST_UNKNOWN, detail, evidence: NO_EVIDENCE };
  }
  if (!(error instanceof ProbeEnd)) throw error;
  return {
    uses: error.uses,
    trusts: TRUST_UNKNOWN,
    detail: sentence(error.message),
    evidence: error.evidence,
  };
}

function sentence(text: string): string {
  return /[.?]$/.test(text) ? text : `${text}.`;
}
