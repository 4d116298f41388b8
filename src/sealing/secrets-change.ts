import { parse, stringify } from "yaml";
import { Failure } from "../failure.ts";
import type { TalosType } from "../talos/authority-types.ts";
import { seal } from "./seal.ts";

/** Where a secrets bundle keeps the two (reference talos-rotation 4.2); nothing else in it changes. */
const FIELDS: Readonly<Record<TalosType, string>> = { talos: "os", kubernetes: "k8s" };

interface Sops {
  readonly sops?: { readonly age?: readonly { readonly recipient?: string }[] | null };
}

/** For whom SOPS encrypted a file. What it encrypted is left alone: its MAC covers all of the file. */
export function sopsRecipients(file: string, text: string): readonly string[] {
  const recipients = (parseSops(text)?.sops?.age ?? []).flatMap(({ recipient }) => recipient ?? []);
  if (recipients.length > 0) return recipients;
  throw new Failure("resources", `${file} is not encrypted by SOPS with age`, {
    hint: "spec.talos.secrets names a secrets bundle as `sops encrypt --age …` leaves it",
  });
}

function parseSops(text: string): Sops | null {
  try {
    return parse(text) as Sops | null;
  } catch {
    return null;
  }
}

export interface SecretsChange {
  readonly type: TalosType;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly recipients: readonly string[];
}

/**
 * What a secrets bundle has to say from now on, sealed. A fragment, not an edit of the file: putting a value into a
 * SOPS file means to decrypt all of it and to write a new MAC over all of it, which is the business of `sops`.
 */
export async function sealSecretsChange(change: SecretsChange): Promise<string> {
  const { type, certificate, key, recipients } = change;
  const pair = { crt: base64(certificate), key: base64(key) };
  return await seal(recipients, stringify({ certs: { [FIELDS[type]]: pair } }, { lineWidth: 0 }));
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The place in the bundle, for people: `certs.os`. */
export function placeInSecrets(type: TalosType): string {
  return `certs.${FIELDS[type]}`;
}
