import { Failure } from "../failure.ts";
import type { NextAuthority } from "../resources/model/desired.ts";
import { isKeyOf } from "../x509/private-key.ts";
import type { Identities } from "./identities.ts";
import { unseal } from "./seal.ts";

/**
 * The key of a next CA in the clear, PEM, proven to be that of its certificate. `type` names the CA in
 * messages. Throws a Failure where nobody here may open it, or where it is another key.
 */
export async function openNextKey(
  identities: Identities,
  { certificate, key }: NextAuthority,
  type: string,
): Promise<string> {
  const what = `the next key of ${type}`;
  const opened = await unseal(identities, key, what);
  if (!isKeyOf(opened, certificate))
    throw new Failure("resources", `${what} is not the key of its certificate`, {
      hint: "take both back from git, or start again: certificate and key of `next` come from two different CAs",
    });
  return opened;
}
