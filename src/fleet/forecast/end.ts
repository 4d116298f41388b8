import type { ForecastItem } from "./forecast.ts";

/** An item before anybody asks whether it is due. */
export interface End extends Pick<ForecastItem, "kind" | "subject" | "at" | "message" | "remedy"> {
  /** What tells it from others of its kind in the cluster; absent: its subject. */
  readonly name?: string;
}

/** They end by themselves, as somebody wanted: told, and nothing to do; a waiver may last no longer than 90 days anyway. */
const STATEMENTS: readonly End["kind"][] = ["waiver", "hold"];

/** An end in a cluster, as an item of a forecast. `until`: of the time that is asked about, milliseconds. */
export function itemOf(
  { kind, subject, at, name = subject, ...words }: End,
  cluster: string,
  until: number,
): ForecastItem {
  const due = !STATEMENTS.includes(kind) && (at === null || Date.parse(at) <= until);
  return { id: `${kind}/${cluster}/${name}`, kind, cluster, subject, at, due, ...words };
}
