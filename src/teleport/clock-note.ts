import { clockAhead } from "../rotation/announcements.ts";
import type { LiveComponent } from "../rotation/observation.ts";
import { PRESENCE } from "./component-kinds.ts";

/** Less than this is nothing to speak of. */
const TOLERANCE_MS = 60_000;

/** How far the clock here is certainly off the cluster's, as a clause; `null` where nothing shows that it is. */
export function clockNote(rows: readonly Pick<LiveComponent, "expires">[], now: number): string | null {
  const ahead = clockAhead(rows, PRESENCE, now);
  if (Math.abs(ahead) <= TOLERANCE_MS) return null;
  return `is at least ${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? "ahead of" : "behind"} the cluster's`;
}
