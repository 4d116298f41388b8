import { listAt, type Path, textAt, valueAt } from "../../foreign-value.ts";
import type { PlatformName } from "../../profiles.ts";
import { isPhase } from "../../rotation/phase.ts";
import { isTalosType } from "../../talos/authority-types.ts";
import type { Diagnostic } from "../model/desired.ts";
import { problemWithNext } from "../model/next-authority.ts";
import { shorten } from "./convert.ts";
import { diagnosticOn, type ResourceDocument, sourceOf } from "./document.ts";
import { nameOf } from "./schema-errors.ts";
import { complain } from "./source-file.ts";

/**
 * What holds on one platform and not on the other: Talos makes no CA itself, has one key in each, and rotates its
 * two one after the other (reference talos-rotation 2.5, 3.4).
 */
export function checkPlatform(
  documents: readonly ResourceDocument[],
  platforms: ReadonlyMap<string, PlatformName | null>,
  now: Date,
): Diagnostic[] {
  const clusters = new Map(
    documents
      .filter(({ kind }) => kind === "cluster")
      .map((document) => [textAt(document.value, ["metadata", "name"]) ?? "", document] as const),
  );
  const diagnostics: Diagnostic[] = [];
  const rotating = new Map<string, Unfinished>();
  for (const document of documents) {
    const name = textAt(document.value, document.kind === "ca_rotation" ? CLUSTER : NAME) ?? "";
    const platform = platforms.get(name);
    const report: Report = (path, message, suggestion, at = "value") =>
      diagnostics.push(diagnosticOn(document, path, complain(message, suggestion), at));
    if (platform === "teleport" && document.kind === "ca_rotation") teleportRotation(document, name, report);
    if (platform !== "talos") continue;
    if (document.kind === "certificate_authority") oneKey(document, ["spec", "active_keys"], report);
    if (document.kind === "cert_authority_override")
      report(
        ["kind"],
        `"${shorten(name)}" is a Talos cluster: its CAs cannot be overridden`,
        "remove it",
        "value",
      );
    if (document.kind === "ca_rotation") {
      talosRotation(document, now, report);
      wayBack(document, clusters.get(name), report);
      together(document, name, rotating, report);
    }
  }
  return diagnostics;
}

const NAME: Path = ["metadata", "name"];
const CLUSTER: Path = ["spec", "cluster"];
const AUTHORITIES: Path = ["spec", "authorities"];

type Report = (path: Path, message: string, suggestion: string, at?: "key" | "value") => void;

function teleportRotation(document: ResourceDocument, name: string, report: Report): void {
  for (const index of listAt(document.value, AUTHORITIES).keys()) {
    const path: Path = [...AUTHORITIES, index, "next"];
    if (valueAt(document.value, path) === undefined) continue;
    const message = `${nameOf(path)}: "${shorten(name)}" is a Teleport cluster, which makes the new key itself`;
    report(path, message, "remove it", "key");
  }
}

function oneKey(document: ResourceDocument, path: Path, report: Report): void {
  if (listAt(document.value, path).length > 1)
    report([...path, 1], `${nameOf(path)}: a CA of Talos has one key`, "keep the one that signs");
}

function talosRotation(document: ResourceDocument, now: Date, report: Report): void {
  const { value } = document;
  if (textAt(value, ["spec", "mode"]) === "auto")
    report(
      ["spec", "mode"],
      "mode auto is refused: Talos has no clock that moves a rotation on",
      'write "mode: manual"',
    );
  for (const index of listAt(value, AUTHORITIES).keys()) {
    const path: Path = [...AUTHORITIES, index];
    oneKey(document, [...path, "retire"], report);
    const type = textAt(value, [...path, "type"]) ?? "";
    if (!isTalosType(type)) continue;
    if (valueAt(value, [...path, "next"]) === undefined)
      report(
        path,
        `missing field "next" in ${nameOf(path)}: Talos makes no CA itself`,
        `\`capstan rotate start ${type}\` makes one, and seals its key`,
      );
    else nextCertificate(document, path, now, report);
  }
}

function nextCertificate(document: ResourceDocument, authority: Path, now: Date, report: Report): void {
  const path: Path = [...authority, "next", "certificate"];
  const text = textAt(document.value, path);
  // What is no PEM at all, the schema has said.
  if (text === null || !text.trimStart().startsWith("-----BEGIN CERTIFICATE-----")) return;
  const retired = listAt(document.value, [...authority, "retire"]);
  const problem = problemWithNext(text, retired, isUnfinished(document) ? now : null);
  if (problem !== null)
    report(path, `${nameOf(path)} ${problem}`, "`capstan rotate start` makes one that fits", "key");
}

function isUnfinished({ value }: ResourceDocument): boolean {
  const phase = textAt(value, ["spec", "phase"]);
  return phase !== null && isPhase(phase) && phase !== "standby";
}

/** Before the swap deletes it from the cluster, the old key is sealed: without it there is no way back (TA 2.4). */
function wayBack(document: ResourceDocument, cluster: ResourceDocument | undefined, report: Report): void {
  if (cluster === undefined || !isUnfinished(document)) return;
  const place = `${sourceOf(cluster).file}:${sourceOf(cluster).line}`;
  if (listAt(cluster.value, ["spec", "talos", "recipients"]).length === 0)
    report(
      CLUSTER,
      `the cluster resource in ${place} names nobody for whom the old key could be sealed`,
      "add spec.talos.recipients, a list of age recipients; age-keygen makes a key",
    );
  const types = rotatedTypes(document);
  for (const [type, field] of [
    ["talos", "talosconfig"],
    ["kubernetes", "kubeconfig"],
  ] as const) {
    if (!types.includes(type) || valueAt(cluster.value, ["spec", "talos", "clients", field]) !== undefined)
      continue;
    report(
      CLUSTER,
      `the cluster resource in ${place} does not say where the new ${field} goes`,
      `add spec.talos.clients.${field}, for example ".capstan/clients/${field}"`,
    );
  }
}

function rotatedTypes({ value }: ResourceDocument): readonly string[] {
  return listAt(value, AUTHORITIES).flatMap(
    (_, index) => textAt(value, [...AUTHORITIES, index, "type"]) ?? [],
  );
}

interface Unfinished {
  readonly type: string;
  readonly document: ResourceDocument;
}

/** Both live in the one configuration of a machine, which every apply replaces (reference talos-rotation 2.5). */
function together(
  document: ResourceDocument,
  name: string,
  rotating: Map<string, Unfinished>,
  report: Report,
): void {
  const types = rotatedTypes(document);
  const suggestion = "write one ca_rotation each, and one after the other";
  if (types.includes("talos") && types.includes("kubernetes")) {
    report(AUTHORITIES, "talos and kubernetes are not rotated at once", suggestion, "key");
    return;
  }
  const [type] = types;
  if (type === undefined || !isUnfinished(document)) return;
  const other = rotating.get(name);
  if (other === undefined) {
    rotating.set(name, { type, document });
    return;
  }
  // Two of the same one are refused as such.
  if (other.type === type) return;
  const { file, line } = sourceOf(other.document);
  report(
    [...AUTHORITIES, 0, "type"],
    `talos and kubernetes are not rotated at once: ${file}:${line} rotates ${shorten(other.type)} of "${shorten(name)}"`,
    "finish that one first",
  );
}
