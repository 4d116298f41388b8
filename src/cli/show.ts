import { harmlessLine, harmlessValue } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { planMarkdown } from "../views/markdown/plan-markdown.ts";
import { table } from "../views/text/columns.ts";
import { planText } from "../views/text/plan-text.ts";
import { writtenDate } from "../written-date.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { readShownPlanFile } from "./named-plan-file.ts";
import { printPaged } from "./paged.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** `capstan show`: what is in a plan file, without asking git or a cluster. */
export async function show(terminal: Terminal, name: string, options: CommonOptions): Promise<ExitCode> {
  const { file, written_as } = await readShownPlanFile(terminal, name);
  const { fingerprint, made_at, capstan } = file;
  const plan = harmlessValue(file.plan);
  switch (options.format) {
    case "json":
      terminal.stdout.write(`${jsonText(file)}\n`);
      break;
    case "markdown":
      terminal.stdout.write(planMarkdown(plan, { fingerprint, planFile: name }));
      break;
    case "text": {
      const facts = [
        ["made at", `${harmlessLine(writtenDate(made_at))} by capstan ${harmlessLine(capstan)}`],
        ["commit", harmlessLine(plan.commit ?? "none")],
        ["fingerprint", fingerprint],
        ...(written_as === "1.1"
          ? []
          : [["format", `${written_as}: \`apply\` takes it no more, plan again`]]),
      ];
      const paint = await paintFor(terminal.stdout, terminal.env, options.color);
      await printPaged(terminal, `${table(facts, "")}\n\n${planText(plan, paint)}`);
    }
  }
  return EXIT.ok;
}
