import type { Policy, RotationResource } from "../resources/model/desired.ts";

/** How long a phase lasts at least, and sessions of the old key are waited for; milliseconds. */
export interface Waits {
  readonly soakMs: number;
  readonly sessionsMs: number;
}

/**
 * What the policy says of a rotation. Where the key is in wrong hands, `compromise_soak` makes both shorter, never longer:
 * who has a session of that key logs in again. Whether everybody alive trusts the new key first, other guards judge, which
 * know no haste.
 */
export function waitsOf(
  { soakMs, maxSessionTtlMs, compromiseSoakMs }: Policy,
  rotation: Pick<RotationResource, "reason"> | null | undefined,
): Waits {
  const isHasty = rotation?.reason === "compromise" && compromiseSoakMs !== undefined;
  const most = isHasty ? compromiseSoakMs : Number.POSITIVE_INFINITY;
  return { soakMs: Math.min(soakMs, most), sessionsMs: Math.min(maxSessionTtlMs, most) };
}
