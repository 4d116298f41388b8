import type { ValuesOf } from "../flag.ts";
import type { Forecast } from "../fleet/forecast/forecast.ts";
import type { FORECAST } from "./commands/plan-rows.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { forecastOfWorkspace } from "./forecast-of-workspace.ts";
import { createMeter } from "./meter.ts";
import { observeEach, planOfWorkspace, withRecords } from "./observe.ts";
import { nothingUntrusted, openCommit, openPlatforms } from "./open-clusters.ts";
import { paintFor, type Terminal } from "./terminal.ts";

type ForecastOptions = ValuesOf<typeof FORECAST.flags>;

/** `capstan forecast`: what must rotate or expires, and when; exit 3 when something is due in the time asked about. */
export async function forecast(
  terminal: Terminal,
  directory: string | undefined,
  options: ForecastOptions,
): Promise<ExitCode> {
  const meter = createMeter(terminal, options);
  const { workspace, platforms } = await openCommit(terminal, directory, options, (...opened) =>
    openPlatforms(...opened, { ...nothingUntrusted(), allOverrides: true, meter }),
  );
  const look = await withRecords(workspace, await observeEach(platforms, workspace, { meter }));
  const now = terminal.now();
  const made = await forecastOfWorkspace(workspace, {
    ...look,
    plan: await planOfWorkspace(workspace, look, now),
    now,
    withinMs: options.within,
  });
  terminal.stdout.write(await printed(made, terminal, options));
  return exitOfForecast(made);
}

async function printed(
  made: Forecast,
  terminal: Terminal,
  { format, color }: ForecastOptions,
): Promise<string> {
  switch (format) {
    case "json":
      return `${(await import("../views/json/json-text.ts")).jsonText(made)}\n`;
    case "markdown":
      return (await import("../views/markdown/forecast-markdown.ts")).forecastMarkdown(made);
    case "ical":
      return (await import("../views/calendar/forecast-calendar.ts")).forecastCalendar(made);
    case "text": {
      const paint = await paintFor(terminal.stdout, terminal.env, color);
      return (await import("../views/text/forecast-text.ts")).forecastText(made, paint);
    }
  }
}

function exitOfForecast({ outcome }: Forecast): ExitCode {
  switch (outcome) {
    case "nothing_due":
      return EXIT.ok;
    case "due":
      return EXIT.blocked;
    case "incomplete":
      return EXIT.error;
  }
}
