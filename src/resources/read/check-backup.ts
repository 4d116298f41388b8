import { textAt, valueAt } from "../../foreign-value.ts";
import { profileNamed } from "../../profiles.ts";
import type { Diagnostic } from "../model/desired.ts";
import { diagnosticOn, type ResourceDocument } from "./document.ts";
import { complain } from "./source-file.ts";

const BACKUP = ["spec", "backup"] as const;

/** There is one way to keep the full state of the CAs, and it has to fit the platform. */
export function checkBackup(document: ResourceDocument): Diagnostic[] {
  if (document.kind !== "cluster" || valueAt(document.value, BACKUP) === undefined) return [];
  const has = (field: string) => valueAt(document.value, [...BACKUP, field]) !== undefined;
  const problem = (path: readonly string[], message: string, suggestion: string) => [
    diagnosticOn(document, path, complain(message, suggestion), "key"),
  ];
  if (has("recipients") === has("command")) {
    const which = has("command") ? "has recipients and a command" : "has neither recipients nor a command";
    return problem(BACKUP, `spec.backup ${which}`, "keep one of the two: whoever does the backup");
  }
  if (has("timeout") && !has("command"))
    return problem([...BACKUP, "timeout"], "spec.backup.timeout is that of a command", "remove it");
  const itself =
    profileNamed(textAt(document.value, ["spec", "platform"]) ?? "")?.resources.sealsItself ?? null;
  if (has("recipients") && itself !== null)
    return problem([...BACKUP, "recipients"], itself.message, itself.suggestion);
  return [];
}
