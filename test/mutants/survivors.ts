import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type { Stryker } from "@stryker-mutator/core";

type MutantResults = Awaited<ReturnType<Stryker["runMutationTest"]>>;

/** A mutant that no test noticed: where it is, what is written there, in one line, and what was there instead. */
export interface SurvivingMutant {
  readonly file: string;
  readonly row: number;
  readonly line: string;
  readonly code: string;
  readonly instead: string;
}

/** Those that lived through all tests, or that no test came by. */
export function survivors(mutants: Readonly<MutantResults>, root: string): readonly SurvivingMutant[] {
  return mutants
    .filter(({ status }) => status === "Survived" || status === "NoCoverage")
    .map(({ fileName, location: { start, end }, replacement = "" }) => {
      const lines = readFileSync(fileName, "utf8")
        .split("\n")
        .slice(start.line - 1, end.line);
      const [last = ""] = lines.slice(-1);
      const whole = [...lines.slice(0, -1), last.slice(0, end.column - 1)].join("\n").slice(start.column - 1);
      return {
        file: relative(root, fileName),
        row: start.line,
        line: (lines[0] ?? "").trim(),
        code: inOneLine(whole),
        instead: inOneLine(replacement),
      };
    });
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
