import type { Forecast, ForecastItem, ForecastWindow } from "../../fleet/forecast/forecast.ts";
import {
  clustersText,
  datedSteps,
  dueHead,
  firstLater,
  firstOf,
  itemsWithin,
  STEPS_SHOWN,
  spanText,
  stepToCome,
  WINDOWS_SHOWN,
  whenDue,
  whenStep,
} from "../facts/due-words.ts";
import { dateOf } from "../times.ts";
import { cell, code, prose } from "./inline.ts";

/** The same as for a terminal, as tables. Ends with a line feed. */
export function forecastMarkdown(forecast: Forecast): string {
  const { windows, freezes, problems } = forecast;
  const within = itemsWithin(forecast);
  const later = firstLater(forecast);
  return [
    `**${dueHead(forecast)}**\n`,
    lines(
      problems.map(
        ({ cluster, code: problem, message, remedy }) =>
          `- **${prose(problem)}** ${code(cluster)}: ${prose(message)} → ${prose(remedy)}`,
      ),
    ),
    within.length === 0 ? "" : table(within, forecast),
    later === undefined
      ? ""
      : `Then, ${whenText(later, forecast)}: ${code(later.cluster)} ${code(later.subject)} ${prose(later.message)}\n`,
    steps(forecast),
    times("Change windows", windows, WINDOWS_SHOWN),
    times("Freezes", freezes, freezes.length),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function whenText(item: ForecastItem, forecast: Forecast): string {
  const when = whenDue(item, forecast);
  return item.at === null ? when : `${dateOf(item.at)} (${when})`;
}

function table(items: readonly ForecastItem[], forecast: Forecast): string {
  const rows = items.map((item) => {
    const { cluster, subject, message, remedy } = item;
    const what = `${prose(message)} → ${prose(remedy)}`.replaceAll("|", "\\|");
    return `| ${whenText(item, forecast)} | ${cell(cluster)} | ${cell(subject)} | ${what} |`;
  });
  return `| when | cluster | what | why, and what to do |\n|---|---|---|---|\n${lines(rows)}`;
}

function steps(forecast: Forecast): string {
  const dated = datedSteps(forecast);
  if (dated.length === 0) return "";
  const rows = dated
    .slice(0, STEPS_SHOWN)
    .map((step) => `- ${whenStep(step)}: ${code(step.cluster)} ${prose(stepToCome(step))}`);
  return `Steps to come, at the earliest${firstOf(dated, STEPS_SHOWN)}:\n\n${lines(rows)}`;
}

function times(
  title: string,
  all: readonly (ForecastWindow & { readonly reason?: string })[],
  shown: number,
): string {
  const rows = all.slice(0, shown).map((time) => {
    const why = time.reason === undefined ? "" : ` (${prose(time.reason)})`;
    return `- ${spanText(time)}${why}: ${clustersText(time.clusters, code)}`;
  });
  return rows.length === 0 ? "" : `${title}${firstOf(all, shown)}:\n\n${lines(rows)}`;
}

function lines(rows: readonly string[]): string {
  return rows.length === 0 ? "" : `${rows.join("\n")}\n`;
}
