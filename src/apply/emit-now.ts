import { isoTime } from "../iso-time.ts";
import type { RunContext } from "./context.ts";
import type { RunEvent } from "./event.ts";

/** An event without its time; a notice of a run names its cluster, as lines of several clusters come mixed. */
export type UntimedEvent = RunEvent extends infer Event
  ? Event extends RunEvent
    ? Omit<Event, "at"> & (Event extends { type: "notice" } ? { readonly cluster: string } : unknown)
    : never
  : never;

/** Tells whoever watches, and the event file, with the time of now. */
export function emitNow(context: Pick<RunContext, "clock" | "emit">, event: UntimedEvent): void {
  context.emit({ at: isoTime(context.clock.now()), ...event } as RunEvent);
}
