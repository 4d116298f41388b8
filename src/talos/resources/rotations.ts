import { listAt, nameOf, type Path, textAt, valueAt } from "../../foreign-value.ts";
import type { WrittenResource } from "../../profile/written-resource.ts";
import { shorten } from "../../resources/model/shorten.ts";
import { isPhase } from "../../rotation/phase.ts";
import { isTalosType } from "../authority-types.ts";
import { problemWithNext } from "./next-certificate.ts";

/**
 * Complains of what no Talos cluster can do: it makes no CA itself, has one key in each, and rotates its two one after
 * the other (reference talos-rotation 2.5, 3.4).
 */
export function checkRotations(
  cluster: WrittenResource,
  resources: readonly WrittenResource[],
  now: Date,
): void {
  const name = textAt(cluster.value, ["metadata", "name"]) ?? "";
  const rotating: { first: Unfinished | null } = { first: null };
  for (const resource of resources) {
    switch (resource.kind) {
      case "certificate_authority":
        oneKey(resource, ["spec", "active_keys"]);
        break;
      case "cert_authority_override":
        resource.report(
          ["kind"],
          `"${shorten(name)}" is a Talos cluster: its CAs cannot be overridden`,
          "remove it",
        );
        break;
      case "ca_rotation":
        talosRotation(resource, now);
        wayBack(resource, cluster);
        oneAfterTheOther(resource, name, rotating);
        break;
    }
  }
}

const CLUSTER: Path = ["spec", "cluster"];
const AUTHORITIES: Path = ["spec", "authorities"];

function oneKey(resource: WrittenResource, path: Path): void {
  if (listAt(resource.value, path).length > 1)
    resource.report([...path, 1], `${nameOf(path)}: a CA of Talos has one key`, "keep the one that signs");
}

function talosRotation(rotation: WrittenResource, now: Date): void {
  const { value } = rotation;
  if (textAt(value, ["spec", "mode"]) === "auto")
    rotation.report(
      ["spec", "mode"],
      "mode auto is refused: Talos has no clock that moves a rotation on",
      'write "mode: manual"',
    );
  for (const index of listAt(value, AUTHORITIES).keys()) {
    const path: Path = [...AUTHORITIES, index];
    oneKey(rotation, [...path, "retire"]);
    const type = textAt(value, [...path, "type"]) ?? "";
    if (!isTalosType(type)) continue;
    if (valueAt(value, [...path, "next"]) === undefined)
      rotation.report(
        path,
        `missing field "next" in ${nameOf(path)}: Talos makes no CA itself`,
        `\`capstan rotate start ${type}\` makes one, and seals its key`,
      );
    else nextCertificate(rotation, path, now);
  }
}

function nextCertificate(rotation: WrittenResource, authority: Path, now: Date): void {
  const path: Path = [...authority, "next", "certificate"];
  const text = textAt(rotation.value, path);
  // What is no PEM at all, the schema has said.
  if (text === null || !text.trimStart().startsWith("-----BEGIN CERTIFICATE-----")) return;
  const retired = listAt(rotation.value, [...authority, "retire"]);
  const problem = problemWithNext(text, retired, isUnfinished(rotation) ? now : null);
  if (problem !== null)
    rotation.report(path, `${nameOf(path)} ${problem}`, "`capstan rotate start` makes one that fits", "key");
}

function isUnfinished({ value }: WrittenResource): boolean {
  const phase = textAt(value, ["spec", "phase"]);
  return phase !== null && isPhase(phase) && phase !== "standby";
}

/** Before the swap deletes it from the cluster, the old key is sealed: without it there is no way back (TA 2.4). */
function wayBack(rotation: WrittenResource, cluster: WrittenResource): void {
  if (!isUnfinished(rotation)) return;
  const { place } = cluster;
  if (listAt(cluster.value, ["spec", "talos", "recipients"]).length === 0)
    rotation.report(
      CLUSTER,
      `the cluster resource in ${place} names nobody for whom the old key could be sealed`,
      "add spec.talos.recipients, a list of age recipients; age-keygen makes a key",
    );
  const types = rotatedTypes(rotation);
  for (const [type, field] of [
    ["talos", "talosconfig"],
    ["kubernetes", "kubeconfig"],
  ] as const) {
    if (!types.includes(type) || valueAt(cluster.value, ["spec", "talos", "clients", field]) !== undefined)
      continue;
    rotation.report(
      CLUSTER,
      `the cluster resource in ${place} does not say where the new ${field} goes`,
      `add spec.talos.clients.${field}, for example ".capstan/clients/${field}"`,
    );
  }
}

function rotatedTypes({ value }: WrittenResource): readonly string[] {
  return listAt(value, AUTHORITIES).flatMap(
    (_, index) => textAt(value, [...AUTHORITIES, index, "type"]) ?? [],
  );
}

interface Unfinished {
  readonly type: string;
  readonly place: string;
}

/** Both live in the one configuration of a machine, which every apply replaces (reference talos-rotation 2.5). */
function oneAfterTheOther(
  rotation: WrittenResource,
  name: string,
  rotating: { first: Unfinished | null },
): void {
  const types = rotatedTypes(rotation);
  const suggestion = "write one ca_rotation each, and one after the other";
  if (types.includes("talos") && types.includes("kubernetes")) {
    rotation.report(AUTHORITIES, "talos and kubernetes are not rotated at once", suggestion, "key");
    return;
  }
  const [type] = types;
  if (type === undefined || !isUnfinished(rotation)) return;
  const other = rotating.first;
  if (other === null) {
    rotating.first = { type, place: rotation.place };
    return;
  }
  // Two of the same one are refused as such.
  if (other.type === type) return;
  rotation.report(
    [...AUTHORITIES, 0, "type"],
    `talos and kubernetes are not rotated at once: ${other.place} rotates ${shorten(other.type)} of "${shorten(name)}"`,
    "finish that one first",
  );
}
