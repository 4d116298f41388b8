import type { Forecast, ForecastItem, ForecastStep, ForecastWindow } from "../../fleet/forecast/forecast.ts";
import { writtenDate, writtenMoment } from "../../written-date.ts";
import { count } from "../count.ts";
import { reasonText } from "./earliest-words.ts";

const DAY_MS = 24 * 3_600_000;
/** Of many change windows: JSON and the calendar have all of them. */
export const WINDOWS_SHOWN = 3;

/** Of many clusters that have a time in common. */
const CLUSTERS_NAMED = 3;

/** How soon: `unknown`, `overdue`, `today`, `in 12 days`; whole days, rounded down. */
export function whenDue({ at }: Pick<ForecastItem, "at">, { made_at }: Pick<Forecast, "made_at">): string {
  if (at === null) return "unknown";
  const left = Date.parse(at) - Date.parse(made_at);
  if (left <= 0) return "overdue";
  return left < DAY_MS ? "today" : `in ${count(Math.floor(left / DAY_MS), "day")}`;
}

/** The head of a forecast: what time it is about, and how much is due in it. */
export function dueHead({ items, made_at, until, problems }: Forecast): string {
  const days = Math.round((Date.parse(until) - Date.parse(made_at)) / DAY_MS);
  const time = `within ${count(days, "day")}, until ${writtenDate(until.slice(0, 10))}`;
  const due = items.filter((item) => item.due).length;
  const unread = problems.length === 0 ? "" : `; ${count(problems.length, "cluster")} could not be read`;
  return due === 0 ? `Nothing is due ${time}${unread}.` : `${due} due ${time}${unread}.`;
}

/** What ends within the time that was asked about, or nobody knows when; of its own accord, or as somebody wanted. */
export function itemsWithin({ items, until }: Forecast): readonly ForecastItem[] {
  return items.filter(({ at }) => at === null || at <= until);
}

/** The first item after the time that was asked about. */
export function firstLater({ items, until }: Forecast): ForecastItem | undefined {
  return items.find(({ at }) => at !== null && at > until);
}

/** Of many steps to come: JSON and the calendar have all of them. */
export const STEPS_SHOWN = 12;

/** The steps that time holds, first those that come first. */
export function datedSteps({ steps }: Forecast): readonly ForecastStep[] {
  return steps.filter(({ at }) => at !== null);
}

/** At the earliest, and what holds it until then. */
export function whenStep({ at, by }: ForecastStep): string {
  return `${writtenMoment(at ?? "")}${reasonText(by)}`;
}

/** Of a list of which only the first are shown, the end of its title. */
export function firstOf({ length }: readonly unknown[], shown: number): string {
  return length > shown ? `, the first ${shown} of ${length}` : "";
}

/** `host: init → update_clients`. */
export function stepToCome({ authority, from, to }: ForecastStep): string {
  return `${authority}: ${from} → ${to}`;
}

/** `Tue 1 December 2026, 22:00 UTC to Wed 2 December 2026, 04:00 UTC`. */
export function spanText({ from, until }: Pick<ForecastWindow, "from" | "until">): string {
  return `${writtenMoment(from)} to ${writtenMoment(until)}`;
}

/** Their names, of many the first ones; `spell` writes a name. */
export function clustersText(names: readonly string[], spell: (name: string) => string): string {
  const named = names.slice(0, CLUSTERS_NAMED).map(spell).join(", ");
  const more = names.length - CLUSTERS_NAMED;
  return more > 0 ? `${named} and ${more} more` : named;
}
