import type { NextAuthority } from "../resources/model/desired.ts";
import { makeAuthority } from "../x509/make.ts";
import type { AuthorityProfile } from "../x509/what-is-made.ts";
import { seal } from "./seal.ts";

/**
 * Makes the next CA and seals its key, which is in the clear only inside of this function. Throws a Failure
 * where there is a recipient that is none.
 */
export async function makeNextAuthority(
  profile: AuthorityProfile,
  { now, recipients }: { readonly now: Date; readonly recipients: readonly string[] },
): Promise<NextAuthority> {
  const { certificate, key } = await makeAuthority(profile, now);
  return { certificate, key: await seal(recipients, key) };
}
