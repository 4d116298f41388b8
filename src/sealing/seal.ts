import { Failure } from "../failure.ts";
import type { Identities } from "./identities.ts";

/**
 * Keys at rest: age files in armor, which SOPS users have the keys for and any age implementation opens. The
 * library is loaded when something is sealed or opened, as most commands do neither.
 */
export async function seal(recipients: readonly string[], text: string): Promise<string> {
  if (recipients.length === 0) throw new Error("sealing for nobody would lose what is sealed");
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw new Failure("resources", `"${recipient}" is no age recipient that capstan can seal for`, {
        hint: "check the recipients of the cluster resource for a typing error: `age-keygen -y` prints the one of an identity",
        cause: error,
      });
    }
  }
  return `${armor.encode(await encrypter.encrypt(text)).trimEnd()}\n`;
}

/**
 * `what` names the sealed thing in messages: "the next key of host". Never a part of it, nor of an identity.
 */
export async function unseal(identities: Identities, sealed: string, what: string): Promise<string> {
  const { armor, Decrypter } = await import("age-encryption");
  let file: Uint8Array;
  try {
    file = armor.decode(sealed);
  } catch {
    throw broken(what, "its armor is damaged");
  }
  const decrypter = new Decrypter();
  for (const [index, identity] of identities.keys.entries()) {
    try {
      decrypter.addIdentity(identity);
    } catch {
      throw new Failure("denied", `identity ${index + 1} of ${identities.from} is not a valid one`, {
        hint: "copy it again as a whole: its checksum does not fit",
      });
    }
  }
  try {
    return await decrypter.decrypt(file, "text");
  } catch (error) {
    if (!(error instanceof Error && /no identity matched/.test(error.message)))
      throw broken(what, "it was cut off or changed");
    const own = await Promise.all(identities.keys.map(recipientOf));
    throw new Failure("denied", `${what} is sealed for somebody else`, {
      hint: `take an identity of another recipient of the cluster: ${identities.from} opens what is sealed for ${own.join(", ")}`,
    });
  }
}

/** The public half of an identity. */
export async function recipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await import("age-encryption");
  return await identityToRecipient(identity);
}

function broken(what: string, why: string): Failure {
  return new Failure("resources", `${what} cannot be opened: ${why}`, {
    hint: "take the file back from git; a sealed key is one block, from BEGIN to END AGE ENCRYPTED FILE",
  });
}
