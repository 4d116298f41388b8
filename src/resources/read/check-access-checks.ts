import { listAt, type Path, textAt, valueAt } from "../../foreign-value.ts";
import { CHECK_FIELDS, type CheckKind, checkKindsOf } from "../../profile/check-kind.ts";
import { knownType } from "../../profile/lookup.ts";
import type { PlatformProfile } from "../../profile/profile.ts";
import { PROFILES, profileNamed } from "../../profiles.ts";
import type { Diagnostic } from "../model/desired.ts";
import { diagnosticOn, type ResourceDocument } from "./document.ts";
import { complain } from "./source-file.ts";
import { suggestOneOf } from "./suggest.ts";

const CHECKS: Path = ["spec", "checks"];

/** Checks that could not be run: of another platform, without what their kind needs, of a CA that there is not. */
export function checkAccessChecks(document: ResourceDocument): readonly Diagnostic[] {
  if (document.kind !== "cluster") return [];
  const { value } = document;
  const profile = profileNamed(textAt(value, ["spec", "platform"]) ?? "");
  if (profile === undefined) return [];
  const complaints = (path: Path, message: string, suggestion: string) =>
    diagnosticOn(document, path, complain(message, suggestion));
  return listAt(value, CHECKS).flatMap((_, index) => {
    const path: Path = [...CHECKS, index];
    const name = textAt(value, [...path, "kind"]);
    if (name === null) return [];
    const kinds = checkKindsOf(profile);
    const kind = kinds.find((one) => one.name === name);
    const unknown = unknownTypes(value, [...path, "authorities"], profile).map((one) =>
      complaints(one.path, one.message, one.suggestion),
    );
    if (kind === undefined) {
      // What no platform has is the schema's to refuse.
      const isKnown = Object.values(PROFILES).some((other) =>
        checkKindsOf(other).some((one) => one.name === name),
      );
      if (!isKnown) return unknown;
      const there = `there are ${kinds.map((one) => one.name).join(", ")}`;
      return [
        complaints([...path, "kind"], `a ${profile.title} cluster has no check of kind ${name}`, there),
      ];
    }
    return [...fieldProblems(value, path, kind).map((one) => complaints(...one)), ...unknown];
  });
}

type Complaint = readonly [path: Path, message: string, suggestion: string];

function fieldProblems(value: unknown, path: Path, { name, needs, takes }: CheckKind): readonly Complaint[] {
  const has = (field: string) => valueAt(value, [...path, field]) !== undefined;
  const missing = needs.flatMap((group): readonly Complaint[] => {
    const given = group.filter(has);
    if (given.length === 1) return [];
    const which = group.join(" or ");
    if (given.length === 0)
      return [[[...path, "kind"], `a check of kind ${name} needs ${which}`, `add ${which}`]];
    return [[[...path, given[1] ?? ""], `a check of kind ${name} takes ${which}, and not both`, "keep one"]];
  });
  const taken = [...needs.flat(), ...takes];
  const misplaced = CHECK_FIELDS.filter((field) => has(field) && !taken.includes(field)).map(
    (field): Complaint => [
      [...path, field],
      `a check of kind ${name} has no ${field}`,
      `remove it; it takes ${taken.join(", ")}`,
    ],
  );
  return [...missing, ...misplaced];
}

function unknownTypes(value: unknown, path: Path, profile: PlatformProfile) {
  return listAt(value, path).flatMap((_, index) => {
    const type = textAt(value, [...path, index]) ?? "";
    if (type === "" || knownType(profile, type) !== undefined) return [];
    const names = profile.types.map(({ name }) => name);
    return [
      {
        path: [...path, index],
        message: `${profile.title} has no CA type "${type.slice(0, 60)}"`,
        suggestion: suggestOneOf(type, names, "there are"),
      },
    ];
  });
}
