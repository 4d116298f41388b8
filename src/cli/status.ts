import { jsonText } from "../views/json/json-text.ts";
import { liveStatus } from "../views/live-status.ts";
import { liveStatusMarkdown } from "../views/markdown/live-status-markdown.ts";
import { liveStatusText } from "../views/text/live-status-text.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { observeAll, planOfWorkspace } from "./observe.ts";
import { openCommit } from "./open-clusters.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** `capstan status`: what is live, per cluster; exit 3 when something there waits for a person. */
export async function status(
  terminal: Terminal,
  directory: string | undefined,
  options: CommonOptions,
): Promise<ExitCode> {
  const { workspace, platforms } = await openCommit(terminal, directory, options);
  const observations = await observeAll(platforms);
  const now = terminal.now();
  const plan = await planOfWorkspace(workspace, observations, now);
  switch (options.format) {
    case "json":
      terminal.stdout.write(`${jsonText(liveStatus(observations, plan, now))}\n`);
      break;
    case "markdown":
      terminal.stdout.write(liveStatusMarkdown(liveStatus(observations, plan, now)));
      break;
    case "text": {
      const paint = await paintFor(terminal.stdout, terminal.env, options.color);
      terminal.stdout.write(liveStatusText(observations, plan, now, paint));
    }
  }
  return plan.outcome === "blocked" ? EXIT.blocked : EXIT.ok;
}
