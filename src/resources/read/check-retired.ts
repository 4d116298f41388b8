import { listAt, type Path, textAt } from "../../foreign-value.ts";
import type { Diagnostic } from "../model/desired.ts";
import { shorten } from "../model/shorten.ts";
import { diagnosticOn, type ResourceDocument } from "./document.ts";
import { complain } from "./source-file.ts";
import { nearest } from "./suggest.ts";

/**
 * A rotation is named by the key it retires (design, section 2). A slip in it, or in the type, would read as a
 * rotation that is finished, since the CA does not have that key. While a rotation is under way `active_keys` still
 * names the key that it retires; `rotate finish` writes the new one together with the phase standby.
 */
export function retiredKeys(documents: readonly ResourceDocument[]): Diagnostic[] {
  const active = activeKeys(documents);
  return documents.flatMap((document) => {
    const cluster = textAt(document.value, ["spec", "cluster"]);
    if (document.kind !== "ca_rotation" || cluster === null) return [];
    const phase = textAt(document.value, ["spec", "phase"]);
    const underWay = phase !== null && phase !== "standby" && phase !== "rollback";
    return listAt(document.value, ["spec", "authorities"]).flatMap((_, index) => {
      const path: Path = ["spec", "authorities", index, "retire"];
      const type = textAt(document.value, ["spec", "authorities", index, "type"]);
      const own = type === null ? undefined : active.get(cluster)?.get(type);
      if (type === null || own === undefined) return [];
      return listAt(document.value, path).flatMap((key, place) => {
        if (typeof key !== "string" || own.has(key)) return [];
        const others = [...(active.get(cluster) ?? [])].filter(([, keys]) => keys.has(key));
        const owners = others.map(([owner]) => owner);
        if (!underWay && owners.length === 0) return [];
        const diagnostic = diagnosticOn(document, [...path, place], slip(key, type, own, owners));
        // At its end the key is gone from active_keys; CAs that were split off one another share keys.
        return [underWay ? diagnostic : { ...diagnostic, severity: "warning" as const }];
      });
    });
  });
}

function slip(key: string, type: string, own: ReadonlySet<string>, owners: readonly string[]) {
  const name = shorten(type);
  if (owners.length > 0) {
    return complain(
      `is no active key of the ${name} CA, but of ${owners.join(", ")}`,
      `did you mean "type: ${owners[0]}"?`,
    );
  }
  const near = nearest(key, own);
  return complain(
    `is no active key of the ${name} CA`,
    near === null
      ? `active_keys of ${name} names ${[...own].join(", ")}; a rotation that is finished says "phase: standby"`
      : `did you mean "${near}"?`,
  );
}

/** By cluster and type. */
function activeKeys(documents: readonly ResourceDocument[]) {
  const found = new Map<string, Map<string, ReadonlySet<string>>>();
  for (const document of documents) {
    const cluster = textAt(document.value, ["metadata", "name"]);
    const type = textAt(document.value, ["sub_kind"]);
    if (document.kind !== "certificate_authority" || cluster === null || type === null) continue;
    const keys = listAt(document.value, ["spec", "active_keys"]).filter((key) => typeof key === "string");
    const types = found.get(cluster) ?? new Map<string, ReadonlySet<string>>();
    found.set(cluster, types.set(type, new Set(keys)));
  }
  return found;
}
