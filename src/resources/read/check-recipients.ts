import { listAt, nameOf, type Path } from "../../foreign-value.ts";
import { PROFILES } from "../../profiles.ts";
import type { Diagnostic } from "../model/desired.ts";
import { diagnosticOn, type ResourceDocument } from "./document.ts";
import { complain } from "./source-file.ts";

const FIELDS: readonly Path[] = [
  ...Object.values(PROFILES).flatMap(({ name, resources }) =>
    resources.connection.recipients.map((field) => ["spec", name, field]),
  ),
  ["spec", "backup", "recipients"],
];

/** Kinds of recipients that sealing needs no plugin for (age-encryption, Encrypter.addRecipient). */
const SEALABLE: readonly string[] = ["age", "age1pq", "age1tag", "age1tagpq"];

/** Who cannot be sealed for is refused here, and not in the middle of an apply. */
export function checkRecipients(document: ResourceDocument): Diagnostic[] {
  if (document.kind !== "cluster") return [];
  return FIELDS.flatMap((field) =>
    listAt(document.value, field).flatMap((recipient, index) => {
      if (typeof recipient !== "string" || !recipient.startsWith("age1")) return [];
      const problem = problemWith(recipient);
      if (problem === null) return [];
      const path: Path = [...field, index];
      return [
        diagnosticOn(document, path, complain(`${nameOf(path)} ${problem.message}`, problem.suggestion)),
      ];
    }),
  );
}

function problemWith(recipient: string): { readonly message: string; readonly suggestion: string } | null {
  const kind = recipient.slice(0, recipient.lastIndexOf("1"));
  if (!SEALABLE.includes(kind))
    return {
      message: `is for the plugin age-plugin-${kind.slice("age1".length)}, and capstan seals without plugins`,
      suggestion: "name a recipient that `age-keygen` makes, beside or instead of it",
    };
  if (hasChecksum(recipient)) return null;
  return {
    message: "is no age recipient: its checksum does not fit",
    suggestion: "copy it again as a whole; `age-keygen -y` prints it",
  };
}

const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Bech32 (BIP 173), as age uses it. */
function hasChecksum(text: string): boolean {
  const split = text.lastIndexOf("1");
  const prefix = [...text.slice(0, split)].map((letter) => letter.charCodeAt(0));
  const data = [...text.slice(split + 1)].map((letter) => LETTERS.indexOf(letter));
  if (data.length < 6 || data.includes(-1)) return false;
  const values = [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data];
  return values.reduce(step, 1) === 1;
}

function step(checksum: number, value: number): number {
  const top = checksum >>> 25;
  const next = ((checksum & 0x1ffffff) << 5) ^ value;
  return GENERATOR.reduce((result, word, bit) => ((top >> bit) & 1 ? result ^ word : result), next);
}
