import { jsonText } from "../views/json/json-text.ts";
import { type LiveStatus, liveStatus } from "../views/live-status.ts";
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
  const live = liveStatus(observations, plan, now);
  terminal.stdout.write(await statusAs(live, terminal, options));
  return plan.outcome === "blocked" ? EXIT.blocked : EXIT.ok;
}

async function statusAs(live: LiveStatus, terminal: Terminal, options: CommonOptions): Promise<string> {
  switch (options.format) {
    case "json":
      return `${jsonText(live)}\n`;
    case "markdown":
      return liveStatusMarkdown(live);
    case "text":
      return liveStatusText(live, await paintFor(terminal.stdout, terminal.env, options.color));
  }
}
