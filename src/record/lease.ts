import { hostname } from "node:os";
import type { HeldLock, LockHolder } from "./store.ts";

/**
 * A lock among machines that cannot see each other's processes: it ends by time unless its holder renews it.
 *
 *     taken --> renewed --> ... --> released
 *        \         \
 *         +---------+--> not renewed for LEASE_MS --> may be taken over
 *
 * Host and process are there for people. They never decide: the runners of one CI share a host name, so a process
 * that "does not exist" may well be alive in another virtual machine.
 */
export interface Lease extends HeldLock {
  readonly heartbeat: string;
  readonly expires: string;
  /** Counts the renewals, so that no two of them are the same commit. */
  readonly beats: number;
}

/** A run that was not heard of for this long is believed to be gone. */
export const LEASE_MS = 5 * 60_000;

/** Four beats may be lost before the lease is. */
export const HEARTBEAT_MS = LEASE_MS / 5;

/** How far the clocks of two machines may lie apart. */
const SKEW_MS = 60_000;

export function takeLease(cluster: string, id: string, holder: LockHolder, now: number): Lease {
  const { who, why, runUrl } = holder;
  const named = runUrl === undefined ? { who, why } : { who, why, runUrl };
  return renewLease(
    {
      cluster,
      id,
      ...named,
      host: hostname(),
      pid: process.pid,
      since: iso(now),
      heartbeat: "",
      expires: "",
      beats: 0,
    },
    now,
  );
}

export function renewLease(lease: Lease, now: number): Lease {
  return { ...lease, heartbeat: iso(now), expires: iso(now + LEASE_MS), beats: lease.beats + 1 };
}

/** Whether its holder itself must believe that somebody else has it by now. */
export function hasRunOut(lease: Lease, now: number): boolean {
  return now >= Date.parse(lease.expires);
}

/** Whether somebody else may take it: later than its holder gives up, as clocks differ. */
export function mayBeTakenOver(lease: Lease, now: number): boolean {
  return now >= Date.parse(lease.expires) + SKEW_MS;
}

/** Reads what another run wrote; `null` for what is no lease. */
export function parseLease(text: string): Lease | null {
  const value = parseObject(text);
  if (value === null) return null;
  const strings = ["cluster", "id", "who", "why", "host", "since", "heartbeat", "expires"] as const;
  if (!strings.every((name) => typeof value[name] === "string")) return null;
  if (typeof value["pid"] !== "number" || typeof value["beats"] !== "number") return null;
  if (Number.isNaN(Date.parse(String(value["expires"])))) return null;
  if (value["runUrl"] !== undefined && typeof value["runUrl"] !== "string") return null;
  return value as unknown as Lease;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
