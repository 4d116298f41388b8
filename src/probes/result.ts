import type { ConsumerObservation, Fingerprint } from "../rotation/observation.ts";

/** A result before it has the name of its consumer. */
export type UnnamedResult = Omit<ProbeResult, "consumer">;

/** What a probe saw of one consumer: facts and what they mean, never a verdict on the rotation. */
export interface ProbeResult {
  readonly consumer: string;
  readonly uses: ConsumerObservation["uses"];
  readonly trusts: Trust;
  /** A sentence or two for people. */
  readonly detail: string;
  readonly evidence: ProbeEvidence;
}

/** Whether a consumer trusts the old and the new CA. */
export type Trust = ConsumerObservation["trusts"];

/** What a verdict rests on, for plans and for people. */
export interface ProbeEvidence {
  /** `TLSv1.3`, `SSH-2.0-OpenSSH_9.2p1`; `null` where there is none. */
  readonly protocol: string | null;
  /** Certificates and keys that it showed, or that the file holds. */
  readonly shown: readonly ShownKey[];
  /** What it says it accepts from clients; `null` where it did not say. */
  readonly accepts: Accepted | null;
}

/** A certificate or key that was seen. */
export interface ShownKey {
  readonly fingerprint: Fingerprint;
  /** For people; `null` for a bare key. */
  readonly subject: string | null;
  /** ISO 8601, `null` for a bare key or one that never expires. */
  readonly notAfter: string | null;
  /** The candidates whose keys verify it, or that it is. */
  readonly from: readonly Fingerprint[];
}

/** The CAs that a server names to its clients. */
export interface Accepted {
  readonly candidates: readonly Fingerprint[];
  /** How many others it names. */
  readonly others: number;
}

/** The trust of a consumer of which a probe could tell nothing, neither for the old CA nor for the new. */
export const TRUST_UNKNOWN: Trust = { old: "unknown", new: "unknown" };
/** The evidence of a probe that came to see nothing: no protocol, no certificate, no names of CAs. */
export const NO_EVIDENCE: ProbeEvidence = { protocol: null, shown: [], accepts: null };

/** What ends a probe early: there is nothing more to see, and this is what it means. */
export class ProbeEnd extends Error {
  readonly uses: ProbeResult["uses"];
  readonly evidence: ProbeEvidence;

  constructor(uses: "neither" | "unreachable" | "unknown", detail: string, evidence = NO_EVIDENCE) {
    super(detail);
    this.name = "ProbeEnd";
    this.uses = uses;
    this.evidence = evidence;
  }
}

/** Bytes of a stranger, for a message: what is not plain ASCII is escaped, and it is short. */
export function excerpt(bytes: Uint8Array, limit = 60): string {
  const text = Buffer.from(bytes.subarray(0, limit)).toString("latin1");
  const escaped = JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return bytes.length > limit ? `${escaped}...` : escaped;
}

/** The same without quotes, for names that a stranger chose. */
export function plain(text: string, limit = 200): string {
  return excerpt(Buffer.from(text), limit).replace(/^"|"(?=(?:\.\.\.)?$)/g, "");
}

/** The message of a system error in words of the field. */
export function describeError(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const words: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset",
    EPIPE: "connection closed",
    ENOTFOUND: "host name not found",
    EAI_AGAIN: "host name cannot be resolved now",
    EHOSTUNREACH: "no route to host",
    ENETUNREACH: "network unreachable",
    ETIMEDOUT: "connection timed out",
    ENOENT: "no such file",
  };
  return words[code ?? ""] ?? plain(message ?? String(error));
}
