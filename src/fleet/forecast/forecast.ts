import type { ClusterProblem, TimeReason } from "../../rotation/plan.ts";

/**
 * What has to be done in the time to come, as `forecast --format json` prints it: names are a contract.
 * `format_version` changes only when a consumer must change. Times are ISO 8601 in UTC.
 */
export interface Forecast {
  readonly format_version: "1.0";
  readonly commit: string | null;
  readonly made_at: string;
  /** The time that was asked about, from `made_at` on. */
  readonly until: string;
  /** `incomplete`: a cluster could not be read, and what is due there is not in it. */
  readonly outcome: "nothing_due" | "due" | "incomplete";
  /** What ends or has to be rotated, whenever that is: first what nobody knows the date of, then by date. */
  readonly items: readonly ForecastItem[];
  /** The steps of rotations that git asks for, and when each may be taken, in the order of time. */
  readonly steps: readonly ForecastStep[];
  /** When steps may begin; clusters without change windows are in none. */
  readonly windows: readonly ForecastWindow[];
  readonly freezes: readonly ForecastFreeze[];
  /** Clusters that could not be read. */
  readonly problems: readonly (ClusterProblem & { readonly cluster: string })[];
}

/** What an item is about, in the order in which they are told where they are due at the same time. */
export const FORECAST_KINDS = [
  "max_age",
  "certificate",
  "override",
  "revocation_list",
  "identity",
  "waiver",
  "hold",
] as const;

/** Something that ends, or that has to be rotated. */
export interface ForecastItem {
  /** Stays the same from one forecast to the next, whatever the date. */
  readonly id: string;
  readonly kind: (typeof FORECAST_KINDS)[number];
  readonly cluster: string;
  /** As findings name it: `authority/host`, `key/sha256:…`. */
  readonly subject: string;
  /** `null`: nobody knows. */
  readonly at: string | null;
  /** Within the time that was asked about, over already, or unknown; never what ends as somebody wanted. */
  readonly due: boolean;
  /** A clause after the subject. */
  readonly message: string;
  readonly remedy: string;
}

/** A step that is planned. */
export interface ForecastStep {
  readonly id: string;
  readonly cluster: string;
  readonly rotation: string;
  readonly authority: string;
  readonly from: string;
  readonly to: string;
  /** The earliest time, as far as time goes; `null`: time does not hold it, or nobody knows for how long. */
  readonly at: string | null;
  /** What ends then, as a plan has it. */
  readonly by: TimeReason | null;
}

/** A time in which steps may begin, of one cluster or several. */
export interface ForecastWindow {
  readonly from: string;
  readonly until: string;
  readonly clusters: readonly string[];
}

/** A time in which no step begins. */
export interface ForecastFreeze extends ForecastWindow {
  readonly reason: string;
}
