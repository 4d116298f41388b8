import type { CheckPlan } from "../../rotation/plan.ts";
import { CHECK_TONES, checkWords } from "../facts/check-words.ts";
import { harmlessLine } from "../harmless.ts";
import { paragraph } from "./columns.ts";
import type { Paint } from "./paint.ts";

/** What the record knows of the checks of one's own, a line each. */
export function checkLines(checks: readonly CheckPlan[], paint: Paint): string {
  return checks
    .map((check) => {
      const name = paint(CHECK_TONES[check.state], harmlessLine(check.name));
      return paragraph(`check ${name}: ${harmlessLine(checkWords(check))}`, "    ", "      ");
    })
    .join("\n");
}
