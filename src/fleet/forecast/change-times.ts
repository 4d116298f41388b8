import { type Calendar, openTimes } from "../../guards/open-times.ts";
import { isoTime } from "../../iso-time.ts";
import { canonicalJson } from "../../resources/model/canonical.ts";
import type { ClusterResource } from "../../resources/model/desired.ts";
import type { ForecastFreeze, ForecastWindow } from "./forecast.ts";

/** When steps may begin, by date: clusters whose times are the same are told together. Moments in milliseconds. */
export function windowsOf(
  clusters: readonly ClusterResource[],
  now: number,
  until: number,
): readonly ForecastWindow[] {
  // Many clusters have one policy.
  const known = new Map<string, readonly Span[]>();
  const times = (calendar: Calendar) => {
    const key = canonicalJson(calendar);
    const open = known.get(key) ?? spans(calendar, now, until);
    known.set(key, open);
    return open;
  };
  return merged(
    clusters.flatMap(({ name, policy: { timeZone, windows, freezes } }) =>
      windows.length === 0
        ? []
        : times({ timeZone, windows, freezes }).map((time) => ({ time, cluster: name })),
    ),
  );
}

/** Freezes that are not over and begin before the end of the time, by date. */
export function freezesOf(
  clusters: readonly ClusterResource[],
  now: number,
  until: number,
): readonly ForecastFreeze[] {
  return merged(
    clusters.flatMap(({ name, policy }) =>
      policy.freezes
        .filter(({ from, to }) => Date.parse(from) <= until && now < Date.parse(to))
        .map(({ from, to, reason }) => ({ time: { from, until: to, reason }, cluster: name })),
    ),
  );
}

type Span = Omit<ForecastWindow, "clusters">;

const LONGEST_MS = 8 * 24 * 3_600_000;

/** From when they really opened, as that names them. Windows without a gap between them never close: nothing to tell. */
function spans(calendar: Calendar, now: number, until: number): readonly Span[] {
  return openTimes(calendar, now - LONGEST_MS, until).flatMap((time) =>
    time.until === null || time.until <= now
      ? []
      : [{ from: isoTime(time.from), until: isoTime(time.until) }],
  );
}

function merged<Time extends Span>(
  times: readonly { readonly time: Time; readonly cluster: string }[],
): readonly (Time & Pick<ForecastWindow, "clusters">)[] {
  return [...Map.groupBy(times, ({ time }) => canonicalJson(time)).values()]
    .flatMap((group) =>
      group.slice(0, 1).map(({ time }) => ({
        ...time,
        clusters: group.map(({ cluster }) => cluster).toSorted(),
      })),
    )
    .toSorted((one, other) => one.from.localeCompare(other.from) || one.until.localeCompare(other.until));
}
