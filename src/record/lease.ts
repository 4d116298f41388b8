import { hostname } from "node:os";
import { isoTime } from "../iso-time.ts";
import type { HolderProcess } from "./holder-process.ts";
import { LEASE_MS, SKEW_MS } from "./lease-times.ts";
import type { HeldLock, LockHolder } from "./store.ts";

/**
 * A lock among machines that cannot see each other's processes: it ends by time unless its holder renews it.
 *
 *     taken --> renewed --> ... --> released
 *        \         \
 *         +---------+--> not renewed for LEASE_MS --> may be taken over
 *
 * In refs, host and process are there for people. They never decide: the runners of one CI share a host name, so a
 * process that "does not exist" may well be alive in another virtual machine.
 */
export interface Lease extends HeldLock {
  readonly heartbeat: string;
  readonly expires: string;
  /** Counts the renewals, so that no two of them are the same commit. */
  readonly beats: number;
}

/** What a lease is taken with. */
export interface LeaseWish {
  readonly cluster: string;
  readonly id: string;
  readonly holder: LockHolder;
  readonly process: HolderProcess;
}

/** A new one, that lasts from `now` on (milliseconds since the epoch). */
export function takeLease({ cluster, id, holder, process: where }: LeaseWish, now: number): Lease {
  const { who, why, runUrl } = holder;
  const named = runUrl === undefined ? { who, why } : { who, why, runUrl };
  return renewLease(
    {
      cluster,
      id,
      ...named,
      host: hostname(),
      pid: process.pid,
      ...where,
      since: isoTime(now),
      heartbeat: "",
      expires: "",
      beats: 0,
    },
    now,
  );
}

/** The same for another while from `now` on (milliseconds since the epoch). */
export function renewLease(lease: Lease, now: number): Lease {
  return { ...lease, heartbeat: isoTime(now), expires: isoTime(now + LEASE_MS), beats: lease.beats + 1 };
}

/** When somebody else may take it: later than its holder gives up, as clocks differ. */
export function takeoverOf({ expires }: { readonly expires: string }): number {
  return Date.parse(expires) + SKEW_MS;
}

/** Reads what another run wrote; `null` for what is no lease. */
export function parseLease(text: string): Lease | null {
  const value = parseObject(text);
  return value !== null && typeof value["cluster"] === "string" ? leaseIn(value) : null;
}

/** The lock for all clusters of 0.1.0, which has all but the cluster. */
export function parseLeaseOfAll(text: string): Lease | null {
  const value = parseObject(text);
  return value === null ? null : leaseIn({ ...value, cluster: null });
}

function leaseIn(value: Readonly<Record<string, unknown>>): Lease | null {
  const strings = ["id", "who", "why", "host", "since", "heartbeat", "expires"] as const;
  if (!strings.every((name) => typeof value[name] === "string")) return null;
  if (typeof value["pid"] !== "number" || typeof value["beats"] !== "number") return null;
  if (Number.isNaN(Date.parse(String(value["expires"])))) return null;
  if (!["runUrl", "place", "started"].every((name) => isTextOrNothing(value[name]))) return null;
  return value as unknown as Lease;
}

/** A lock of a folder: without times, which are those of its file. */
export function parseFolderLock(text: string): HeldLock | null {
  const value = parseObject(text);
  // `null`: what keeps 0.1.0 out, which is for all clusters.
  if (value === null || !isTextOrNothing(value["cluster"])) return null;
  const lock = leaseIn({ beats: 0, ...value, heartbeat: "", expires: isoTime(0) });
  return lock === null ? null : { ...lock, cluster: lock.cluster ?? null, heartbeat: null, expires: null };
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
