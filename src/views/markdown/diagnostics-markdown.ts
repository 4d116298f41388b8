import type { Diagnostic } from "../../resources/model/desired.ts";
import { count } from "../count.ts";
import { code, prose } from "./inline.ts";

/** What is wrong with resources, verdict first. Ends with a line feed. */
export function diagnosticsMarkdown(
  diagnostics: readonly Diagnostic[],
  { valid, resources }: { readonly valid: boolean; readonly resources: number },
): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const verdict = valid
    ? `**Valid.** ${count(resources, "resource")}.`
    : errors > 0
      ? `**Invalid.** ${count(errors, "error")}.`
      : "**Empty.** There is no resource.";
  const items = diagnostics.map(({ severity, file, line, column, message, suggestion }) => {
    const remedy = suggestion === null ? "" : `\n  → ${prose(suggestion)}`;
    return `- **${severity}** ${code(`${file}:${line}:${column}`)} ${prose(message)}${remedy}\n`;
  });
  return `## capstan validate\n\n${verdict}\n${items.length === 0 ? "" : `\n${items.join("")}`}`;
}
