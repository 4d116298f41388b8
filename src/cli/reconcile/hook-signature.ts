import { createHmac, timingSafeEqual } from "node:crypto";

/** More than a forge sends; what is larger is refused unread. */
export const MOST_HOOK_BYTES = 1024 * 1024;

/**
 * Whether the sender of a body knows the secret: `X-Hub-Signature-256` of GitHub, Gitea and Forgejo is `sha256=` and the
 * HMAC of the body in hex. Compared in constant time.
 */
export function isSignedHook(body: Uint8Array, header: string | undefined, secret: string): boolean {
  const given = /^sha256=([0-9a-f]{64})$/.exec(header ?? "")?.[1];
  if (given === undefined) return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(Buffer.from(given, "hex"), expected);
}
