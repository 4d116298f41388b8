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
import { harmlessLine, harmlessValue } from "../harmless.ts";
import { dateOf } from "../times.ts";
import { paragraph } from "./columns.ts";
import type { Paint } from "./paint.ts";

/** What has to be done in the time to come, soonest first. Ends with a line feed. */
export function forecastText(made: Forecast, paint: Paint): string {
  const forecast = harmlessValue(made);
  const { windows, freezes, problems, outcome } = forecast;
  const within = itemsWithin(forecast);
  const later = firstLater(forecast);
  const tone = outcome === "nothing_due" ? "good" : "warn";
  return [
    [paint(tone, dueHead(forecast))],
    problems.map(({ cluster, code, message, remedy }) =>
      withRemedy(`${paint("bad", code)} ${cluster}: ${message}`, remedy),
    ),
    within.map((item, index) => {
      const shared = within[index + 1]?.remedy === item.remedy;
      const text = itemText(item, forecast, paint);
      return shared ? paragraph(text, "  ", "    ") : withRemedy(text, item.remedy);
    }),
    later === undefined ? [] : [paragraph(`then: ${itemText(later, forecast, paint)}`, "", "  ")],
    stepsText(forecast),
    timesText("change windows", windows, WINDOWS_SHOWN),
    timesText("freezes", freezes, freezes.length),
  ]
    .filter((part) => part.length > 0)
    .map((part) => `${part.join("\n")}\n`)
    .join("\n");
}

function withRemedy(text: string, remedy: string): string {
  return `${paragraph(text, "  ", "    ")}\n${paragraph(`→ ${harmlessLine(remedy)}`, "    ", "      ")}`;
}

function itemText(item: ForecastItem, forecast: Forecast, paint: Paint): string {
  const { at, due, cluster, subject, message } = item;
  const when = whenDue(item, forecast);
  const isLate = when === "overdue" || when === "unknown";
  const date = at === null ? "" : `${dateOf(at)} `;
  const head = paint(isLate ? "bad" : due ? "warn" : "dim", `${date}${when}`);
  return `${head}  ${paint("strong", harmlessLine(cluster))} ${harmlessLine(`${subject} ${message}`)}`;
}

function stepsText(forecast: Forecast): readonly string[] {
  const steps = datedSteps(forecast);
  if (steps.length === 0) return [];
  return [
    `steps to come, at the earliest${firstOf(steps, STEPS_SHOWN)}`,
    ...steps
      .slice(0, STEPS_SHOWN)
      .map((step) =>
        paragraph(`${whenStep(step)}  ${harmlessLine(`${step.cluster} ${stepToCome(step)}`)}`, "  ", "    "),
      ),
  ];
}

function timesText(
  title: string,
  times: readonly (ForecastWindow & { readonly reason?: string })[],
  shown: number,
): readonly string[] {
  if (times.length === 0) return [];
  return [
    `${title}${firstOf(times, shown)}`,
    ...times.slice(0, shown).map((time) => {
      const why = time.reason === undefined ? "" : ` (${harmlessLine(time.reason)})`;
      return paragraph(`${spanText(time)}${why}: ${clustersText(time.clusters, harmlessLine)}`, "  ", "    ");
    }),
  ];
}
