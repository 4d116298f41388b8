import { type CaCertificate, readCaCertificate } from "../x509/ca-certificate.ts";
import { rememberedByDigest } from "../x509/remembered.ts";
import type { TalosType } from "./authority-types.ts";
import { editAuthority, type ParsedConfig } from "./config-edit.ts";
import { EditProblem } from "./edit-problem.ts";
import type { Uneditable } from "./facts.ts";
import { authorityIn, issuingKeyIn, machineTypeIn, parseDocuments, placeOf } from "./machine-config.ts";
import { contentOf, type Level, nodeState } from "./node-state.ts";

/** There and back: whatever a transition may ask of a machine, the way out included. */
const WALK: readonly Level[] = ["S1", "S2", "S3", "S2", "S1", "S0"];

/**
 * Makes every edit of a rotation on a copy of a machine's configuration, so that what cannot be edited is known before
 * the first machine is changed. `null`: all of them can be made.
 */
export function tryEdits(
  text: string,
  type: TalosType,
  { old, next }: { readonly old: CaCertificate; readonly next: CaCertificate },
): Uneditable | null {
  return tried(text, type, old.pem, next.pem);
}

/** Each look tries what the last one did, as long as the machine is as it was. */
const tried = rememberedByDigest(1_000, (text: string, type: TalosType, old: string, next: string) =>
  walk(text, type, { old: readCaCertificate(old), next: readCaCertificate(next) }),
);

function walk(
  text: string,
  type: TalosType,
  pair: { readonly old: CaCertificate; readonly next: CaCertificate },
): Uneditable | null {
  const keys = { old: pair.old.fingerprint, next: pair.next.fingerprint };
  const part = concerned(text);
  let config: ParsedConfig = { text: part, documents: parseDocuments(part) };
  const first = placeOf(config.documents, type);
  const authority = authorityIn(first);
  // Whose CA it is, another guard says.
  if (nodeState(authority, keys) === "SX") return null;
  const isSigner = machineTypeIn(config.documents) === "controlplane" && authority.issuing !== null;
  // A key is written as it is read; which one it is makes no difference to the edit.
  const key = { old: issuingKeyIn(first) ?? STAND_IN, next: STAND_IN };
  try {
    for (const level of WALK) {
      const signer = level === "S2" || level === "S3" ? "next" : "old";
      const content = contentOf(level, authorityIn(placeOf(config.documents, type)), pair);
      config = editAuthority(config, type, { ...content, key: isSigner ? key[signer] : null });
    }
    return null;
  } catch (error) {
    if (!(error instanceof EditProblem)) throw error;
    const { line, what, remedy } = error;
    return { line, what, remedy };
  }
}

/** In the place of a private key. */
const STAND_IN = "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n";

/**
 * Without the documents that no edit touches (1.14 writes 28), each as so many empty lines: a marker at the start of a
 * line ends a document wherever it stands, and so does what is between two of them.
 */
function concerned(text: string): string {
  return text
    .split(/^(?=---(?:\s|$))/m)
    .map((document) => {
      const kind = /^kind:[ \t]*"?(\w+)/m.exec(document)?.[1];
      if (kind === undefined || kind === "KubeAPIServerCAConfig") return document;
      const [, ...lines] = document.split("\n");
      return `---${"\n".repeat(lines.length)}`;
    })
    .join("");
}
