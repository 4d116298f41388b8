import type { ConsumerObservation } from "../../rotation/observation.ts";
import type { Tone } from "../tone.ts";

/** What it means for a rotation that something outside the cluster uses these keys. */
export const CONSUMER_TONES: Readonly<Record<ConsumerObservation["uses"], Tone>> = {
  old: "plain",
  new: "good",
  both: "good",
  neither: "warn",
  unreachable: "bad",
  unknown: "warn",
};
