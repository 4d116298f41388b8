import type { BasePlan, ChangeFinding } from "../rotation/plan.ts";
import { harmless, paragraph } from "./layout.ts";
import type { Paint } from "./paint.ts";

/** What is changed in git, for people. Ends with a line feed. */
export function baseText({ commit, changes, findings }: BasePlan, paint: Paint): string {
  const head = `${paint("strong", "changes in git")}${paint("dim", `  since commit ${commit.slice(0, 12)}`)}`;
  const sentences = changes.length === 0 && findings.length === 0 ? ["nothing that capstan reads"] : changes;
  const lines = [
    ...sentences.map((change) => paragraph(`- ${harmless(change)}`, "  ", "    ")),
    ...findings.map((finding) => findingText(finding, paint)),
  ];
  return `${[head, "", ...lines].join("\n")}\n`;
}

function findingText({ severity, subject, message, remedy }: ChangeFinding, paint: Paint): string {
  const mark = severity === "error" ? paint("bad", "refused") : paint("warn", "warning");
  const what = paragraph(`${mark} ${harmless(`${subject} ${message}`)}`, "  ", "    ");
  return `${what}\n${paragraph(`→ ${harmless(remedy)}`, "    ", "      ")}`;
}
