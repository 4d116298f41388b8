import type { Certificate } from "../../x509/certificate.ts";

const DAY = 86_400_000;

/** RFD 0237: whichever comes later in the certificate's life, the share of it or the days (reference 7). */
const THRESHOLDS = [
  { level: "high", share: 1 / 8, days: 90 },
  { level: "medium", share: 1 / 4, days: 180 },
  { level: "low", share: 1 / 2, days: 365 },
] as const;

/** How pressing it is, in the words of RFD 0237. */
export type ExpiryLevel = (typeof THRESHOLDS)[number]["level"];

/** How pressing the renewal of a certificate is; `null` while there is time, or when it is too late. */
export function expiryLevel(
  { notBefore, notAfter }: Pick<Certificate, "notBefore" | "notAfter">,
  now: number,
): ExpiryLevel | null {
  const end = Date.parse(notAfter);
  const left = end - now;
  if (left < 0) return null;
  const life = end - Date.parse(notBefore);
  const reached = THRESHOLDS.find(({ share, days }) => left <= Math.min(days * DAY, life * share));
  return reached?.level ?? null;
}

/** `in 12 days`, for messages; whole days, rounded down. */
export function daysLeft(notAfter: string, now: number): number {
  return Math.floor((Date.parse(notAfter) - now) / DAY);
}
