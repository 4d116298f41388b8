import { nameOf, type Path, textAt } from "../../foreign-value.ts";
import { PROFILES } from "../../profiles.ts";
import { problemWithWrittenPath } from "../../written-path.ts";
import type { Diagnostic } from "../model/desired.ts";
import { diagnosticOn, type ResourceDocument } from "./document.ts";
import { complain } from "./source-file.ts";

const WRITTEN: readonly Path[] = Object.values(PROFILES).flatMap(({ name, resources }) =>
  resources.connection.ways
    .filter(({ does }) => does === "writes")
    .map(({ field }) => ["spec", name, ...field.split(".")]),
);

/** Files that a resource has capstan write, with variables substituted; what they stand for is not printed. */
export function checkWrittenPaths(
  document: ResourceDocument,
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
): readonly Diagnostic[] {
  if (document.kind !== "cluster") return [];
  return WRITTEN.flatMap((path) => {
    const text = textAt(value, path);
    const problem = text === null ? null : problemWithWrittenPath(text, env);
    if (problem === null) return [];
    const example = `.capstan/clients/${path.at(-1)}`;
    return [
      diagnosticOn(document, path, complain(`${nameOf(path)} ${problem}`, `write ${example}`), "value"),
    ];
  });
}
