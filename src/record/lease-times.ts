/** A run that was not heard of for this long is believed to be gone. */
export const LEASE_MS = 5 * 60_000;

/** Four beats may be lost before the lease is. */
export const HEARTBEAT_MS = LEASE_MS / 5;

/** How far the clocks of two machines may lie apart. */
export const SKEW_MS = 60_000;
