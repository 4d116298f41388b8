import { Failure } from "../failure.ts";
import type { Places } from "../fleet/places.ts";
import { fieldsOf } from "../foreign-value.ts";

/** As it is kept. */
export function placesText(places: Places): string {
  return `${JSON.stringify(places, null, 2)}\n`;
}

/** Reads what another run wrote; throws a `Failure` (`storage`) for what is none: nobody knows who has a place then. */
export function parsePlaces(text: string, where: string, campaign: string): Places {
  const value = valueOfJson(text);
  const { format_version, campaign: named, places } = fieldsOf(value) ?? {};
  if (format_version === "1.0" && named === campaign && Array.isArray(places) && places.every(isPlace))
    return value as Places;
  throw new Failure("storage", `the places of the campaign ${campaign} cannot be read: ${where}`, {
    hint: "look at it, and write it again without the clusters that are at standby",
  });
}

function isPlace(value: unknown): boolean {
  const place = fieldsOf(value) ?? {};
  return ["cluster", "wave", "since"].every((name) => typeof place[name] === "string");
}

function valueOfJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
