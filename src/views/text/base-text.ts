import type { BasePlan, ChangeFinding } from "../../rotation/plan.ts";
import { aboutText } from "../facts/about-words.ts";
import { harmlessLine } from "../harmless.ts";
import { paragraph } from "./columns.ts";
import type { Paint } from "./paint.ts";

/** What is changed in git, for people. Ends with a line feed. */
export function baseText({ commit, connections, changes, findings }: BasePlan, paint: Paint): string {
  const head = `${paint("strong", "changes in git")}${paint("dim", `  since commit ${commit.slice(0, 12)}`)}`;
  const isNothing = connections.length + changes.length + findings.length === 0;
  const sentences = isNothing ? ["nothing that capstan reads"] : changes;
  const lines = [
    ...(connections.length === 0
      ? []
      : [
          paragraph(`${paint("warn", "what runs and what is reached")}, from the merge on:`, "  "),
          ...connections.map(({ message }) => paragraph(`! ${harmlessLine(message)}`, "  ", "    ")),
        ]),
    ...sentences.map((change) => paragraph(`- ${harmlessLine(change)}`, "  ", "    ")),
    ...findings.map((finding) => findingText(finding, paint)),
  ];
  return `${[head, "", ...lines].join("\n")}\n`;
}

function findingText({ severity, subject, message, remedy }: ChangeFinding, paint: Paint): string {
  const mark = severity === "error" ? paint("bad", "refused") : paint("warn", "warning");
  const what = paragraph(`${mark} ${harmlessLine(aboutText({ subject, message }))}`, "  ", "    ");
  return `${what}\n${paragraph(`→ ${harmlessLine(remedy)}`, "    ", "      ")}`;
}
