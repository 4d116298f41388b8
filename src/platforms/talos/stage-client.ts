import { makeClient } from "../../x509/make.ts";
import type { Signing } from "../../x509/what-is-made.ts";
import { admin } from "./identities-offered.ts";
import type { Session } from "./session.ts";
import type { TalosClient } from "./talosconfig.ts";

/** A client that a CA has signed and that trusts `ca` (PEM); `null` where there is no key to sign with. */
export async function clientOf(
  session: Session,
  signing: Signing | null,
  ca: string,
): Promise<TalosClient | null> {
  if (signing === null) return null;
  const cache = clients.get(session) ?? new Map<string, Promise<{ crt: string; key: string }>>();
  clients.set(session, cache);
  const made = cache.get(signing.certificate) ?? makeClient(signing, admin(session));
  cache.set(signing.certificate, made);
  return { ca, ...(await made) };
}

/** One certificate per CA and session. */
const clients = new WeakMap<Session, Map<string, Promise<{ crt: string; key: string }>>>();
