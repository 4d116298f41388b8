import type { ValuesOf } from "../flag.ts";
import { harmless } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { liveStatus } from "../views/live-status.ts";
import { liveStatusMarkdown } from "../views/markdown/live-status-markdown.ts";
import { liveStatusText } from "../views/text/live-status-text.ts";
import type { STATUS } from "./commands/repository-rows.ts";
import { EXIT, type ExitCode, exitOfPlan } from "./exit-code.ts";
import { createMeter } from "./meter.ts";
import { observeEach, planOfWorkspace, withRecords } from "./observe.ts";
import { nothingUntrusted, openCommit, openPlatforms } from "./open-clusters.ts";
import { samplesOfWorkspace } from "./samples-of-workspace.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** `capstan status`: what is live, per cluster; exit 3 when something waits for a person, 1 when one cannot be read. */
export async function status(
  terminal: Terminal,
  directory: string | undefined,
  options: ValuesOf<typeof STATUS.flags>,
): Promise<ExitCode> {
  const meter = createMeter(terminal, options);
  const { workspace, platforms } = await openCommit(terminal, directory, options, (...opened) =>
    openPlatforms(...opened, { ...nothingUntrusted(), meter }),
  );
  // A scraper is told that the only cluster cannot be read, as of one among several.
  const alone = options.format === "openmetrics" ? "name" : "throw";
  const observed = await observeEach(platforms, workspace, { alone, meter });
  const known = await withRecords(workspace, observed, { alone });
  const { observations, unread } = known;
  const now = terminal.now();
  const plan = await planOfWorkspace(workspace, known, now);
  switch (options.format) {
    case "json":
      terminal.stdout.write(`${jsonText(liveStatus(observations, plan, now))}\n`);
      break;
    case "markdown":
      terminal.stdout.write(liveStatusMarkdown(liveStatus(observations, plan, now)));
      break;
    case "openmetrics": {
      // The numbers do not say why.
      for (const { name, problem } of unread) {
        terminal.stderr.write(`${harmless(`${name}: ${problem.message} → ${problem.remedy}`)}\n`);
      }
      const { openmetricsText } = await import("../views/metrics/openmetrics.ts");
      terminal.stdout.write(openmetricsText(await samplesOfWorkspace(workspace, { ...known, plan, now })));
      break;
    }
    case "text": {
      const paint = await paintFor(terminal.stdout, terminal.env, options.color);
      terminal.stdout.write(liveStatusText(observations, plan, now, paint));
    }
  }
  const exit = exitOfPlan(plan);
  return exit === EXIT.changesPlanned ? EXIT.ok : exit;
}
