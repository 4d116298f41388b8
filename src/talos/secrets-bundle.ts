import { stringify } from "yaml";
import { Failure } from "../failure.ts";
import { fieldOf, listAt, textOf } from "../foreign-value.ts";
import { foreignYaml } from "../foreign-yaml.ts";
import type { TalosType } from "./authority-types.ts";

/** Where a secrets bundle keeps the two (reference talos-rotation 4.2); nothing else in it changes. */
const FIELDS: Readonly<Record<TalosType, string>> = { talos: "os", kubernetes: "k8s" };

/**
 * For whom SOPS encrypted a secrets bundle: age recipients. What it encrypted is left alone, as its MAC
 * covers all of the file. Throws a Failure that names `file` where it is encrypted in another way, or not at
 * all.
 */
export function sopsRecipients(file: string, text: string): readonly string[] {
  const recipients = listAt(foreignYaml(text), ["sops", "age"])
    .map((one) => textOf(fieldOf(one, "recipient")))
    .filter((recipient) => recipient !== "");
  if (recipients.length > 0) return recipients;
  throw new Failure("resources", `${file} is not encrypted by SOPS with age`, {
    hint: "name a secrets bundle in spec.talos.secrets, as `sops encrypt --age …` leaves it",
  });
}

/** What replaces one CA of a secrets bundle, both PEM. */
export interface SecretsChange {
  readonly type: TalosType;
  readonly certificate: string;
  readonly key: string;
}

/**
 * What a secrets bundle has to say from now on, as YAML with the key in the clear. A fragment, not an edit of
 * the file: putting a value into a SOPS file means to decrypt all of it and to write a new MAC over all of
 * it, which is the business of `sops`.
 */
export function secretsFragment({ type, certificate, key }: SecretsChange): string {
  const pair = { crt: base64(certificate), key: base64(key) };
  return stringify({ certs: { [FIELDS[type]]: pair } }, { lineWidth: 0 });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The place in the bundle, for people: `certs.os`. */
export function placeInSecrets(type: TalosType): string {
  return `certs.${FIELDS[type]}`;
}
