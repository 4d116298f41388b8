import type { Path } from "../../foreign-value.ts";
import type { Diagnostic } from "../../resources/model/desired.ts";
import { diagnosticOn, type ResourceDocument } from "../../resources/read/document.ts";
import { checkOverride } from "./entry-rules.ts";
import { readOverride } from "./read-resource.ts";

/**
 * What is wrong with an override resource by itself, at its place in the file: what Teleport would refuse, and what
 * it does not look at and people break on. Notes that ask for nothing are left to the plan.
 */
export async function overrideDiagnostics(
  document: ResourceDocument,
  now: number,
): Promise<readonly Diagnostic[]> {
  const override = await readOverride(document.value);
  return [...override.findings, ...checkOverride(override, now)].flatMap(
    ({ severity, where, message, remedy, serverText }) => {
      if (severity === "info") return [];
      const said = serverText === undefined ? "" : ` (Teleport: ${serverText})`;
      const complaint = { severity, message: `${where} ${message}${said}`.trim(), suggestion: remedy };
      return [diagnosticOn(document, pathOf(where), complaint)];
    },
  );
}

/** `spec.certificate_overrides[0].chain[1]` as keys and indexes. */
function pathOf(where: string): Path {
  return [...where.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, key, index]) =>
    index === undefined ? (key ?? "") : Number(index),
  );
}
