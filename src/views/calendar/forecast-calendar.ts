import type { Forecast, ForecastItem, ForecastStep, ForecastWindow } from "../../fleet/forecast/forecast.ts";
import { datedSteps, stepToCome } from "../facts/due-words.ts";
import { reasonText } from "../facts/earliest-words.ts";
import { harmlessValue } from "../harmless.ts";
import { type CalendarEvent, icalendar } from "./icalendar.ts";

/** What a forecast knows the date of, as iCalendar to subscribe to. Ends with CR LF. */
export function forecastCalendar(made: Forecast): string {
  const forecast = harmlessValue(made);
  const { items, windows, freezes, made_at } = forecast;
  return icalendar(
    "capstan",
    [
      ...items.flatMap(itemEvent),
      ...datedSteps(forecast).map(stepEvent),
      ...windows.map((window) => timeEvent(window, "window", "change window")),
      ...freezes.map((freeze) => timeEvent(freeze, "freeze", `freeze (${freeze.reason})`)),
    ],
    made_at,
  );
}

const TITLES: Readonly<Record<ForecastItem["kind"], string>> = {
  max_age: "rotate by now",
  certificate: "certificate ends",
  override: "override certificate ends",
  revocation_list: "revocation list ends",
  identity: "identity of capstan ends",
  waiver: "waiver ends",
  hold: "hold ends",
};

function itemEvent({
  id,
  kind,
  cluster,
  subject,
  at,
  message,
  remedy,
}: ForecastItem): readonly CalendarEvent[] {
  if (at === null) return [];
  const title = `${cluster}: ${subject} ${TITLES[kind]}`;
  const description = `${subject} ${message}.\n→ ${remedy}`;
  return [{ id, from: at, until: null, title, description, category: kind }];
}

function stepEvent(step: ForecastStep): CalendarEvent {
  const { id, cluster, rotation, at, by } = step;
  const title = `${cluster}: ${stepToCome(step)}, at the earliest`;
  return {
    ...{ id, title, category: "step", until: null, from: at ?? "" },
    description: `${rotation}${reasonText(by)}`,
  };
}

function timeEvent(
  { from, until, clusters }: ForecastWindow,
  category: string,
  title: string,
): CalendarEvent {
  const names = clusters.join(", ");
  const [only] = clusters;
  const whose = clusters.length === 1 && only !== undefined ? only : `${clusters.length} clusters`;
  const id = `${category}/${from}/${until}/${category === "freeze" ? title : ""}`;
  return { id, from, until, title: `${whose}: ${title}`, description: names, category };
}
